import type { Step } from "../state/branches";
import type { Conversation } from "../state/records";
import { fileName, toJson, toMarkdown } from "../state/transfer";
import { useApp } from "./context";
import { download } from "./download";
import { Icon } from "./Icon";
import { t } from "../i18n";

interface Props {
  readonly conversation: Conversation;
  readonly path: readonly Step[];
}

/** Saves the open chat as a file. The browser opens, closes and layers the menu: it is a popover. */
export function ExportMenu({ conversation, path }: Props) {
  const { library } = useApp();
  const { title } = conversation;
  const markdown = () => {
    const shown = path.map(({ message }) => message.peek());
    download(fileName(title, "md"), "text/markdown", toMarkdown(conversation, shown));
  };
  const json = () => {
    const all = library.thread(conversation.id).peek().map((message) => message.peek());
    download(fileName(title, "json"), "application/json", toJson(conversation, all));
  };
  return (
    <>
      <button type="button" class="icon-button export" popovertarget="export-menu" aria-label={t("chat.export")} title={t("chat.export")}>
        <Icon name="save" />
      </button>
      <div id="export-menu" class="menu" popover="auto">
        <button type="button" popovertarget="export-menu" onClick={markdown}>
          <strong>Markdown</strong>
          <small>{t("chat.exportMarkdown")}</small>
        </button>
        <button type="button" popovertarget="export-menu" onClick={json}>
          <strong>JSON</strong>
          <small>{t("chat.exportJson")}</small>
        </button>
      </div>
    </>
  );
}
