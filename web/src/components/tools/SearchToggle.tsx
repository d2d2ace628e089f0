import { t } from "../../i18n";
import { useApp } from "../context";
import type { ControlProps } from "../composer";
import { Icon } from "../Icon";

const TOOLS = ["web_search", "open_page"];

/** Whether a tool is not one of those that the toggle turns on and off. */
export function isOther(tool: string): boolean {
  return !TOOLS.includes(tool);
}

/** Whether questions of this chat are searched for. Models that can call tools may then search for more by themselves. */
export function SearchToggle({ chat }: ControlProps) {
  const app = useApp();
  const { search = false, tools = [] } = app.options(chat);
  const others = tools.filter(isOther);
  return (
    <button
      type="button"
      class="pill search-toggle"
      aria-label={t("chat.search")}
      aria-pressed={search}
      title={t("chat.searchTitle")}
      onClick={() => app.chooseOptions(chat, { search: !search, tools: search ? others : [...others, ...TOOLS] })}
    >
      <Icon name="search" size={16} /> <span>{t("chat.search")}</span>
    </button>
  );
}
