import type { Conversation } from "../api/assistant/types";
import { t, type PlainKey } from "../i18n";
import { useApp } from "./context";
import { Icon } from "./Icon";

const FORMATS: readonly { readonly format: "markdown" | "json" | "html"; readonly label: PlainKey; readonly help: PlainKey }[] = [
  { format: "markdown", label: "chat.format.markdown", help: "chat.formatHelp.markdown" },
  { format: "json", label: "chat.format.json", help: "chat.formatHelp.json" },
  { format: "html", label: "chat.format.html", help: "chat.formatHelp.html" },
];

/** Saves the open chat as a file that the server writes. The browser opens, closes and layers the menu: it is a popover. */
export function ExportMenu({ conversation }: { readonly conversation: Conversation }) {
  const app = useApp();
  const { actions } = app;
  return (
    <>
      <button type="button" class="icon-button export" popovertarget="export-menu" aria-label={t("chat.export")} title={t("chat.export")}>
        <Icon name="save" />
      </button>
      <div id="export-menu" class="menu" popover="auto">
        {FORMATS.map(({ format, label, help }) => (
          <button key={format} type="button" popovertarget="export-menu" onClick={() => void actions.export(conversation, format)}>
            <strong>{t(label)}</strong>
            <small>{t(help)}</small>
          </button>
        ))}
        <button type="button" popovertarget="export-menu" onClick={() => app.openDialog("share", { conversation: conversation.id })}>
          <strong>{t("chat.share")}</strong>
          <small>{t("chat.shareHelp")}</small>
        </button>
      </div>
    </>
  );
}
