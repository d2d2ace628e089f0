import { t } from "../i18n";
import { useApp } from "./context";
import { Icon } from "./Icon";

/** Messages that wait for the end of the answer. Each can be taken back into the text, or away. */
export function QueueChips({ chat, busy }: { readonly chat: string | null; readonly busy: boolean }) {
  const { drafts, outbox } = useApp();
  const waiting = busy ? outbox.of(chat).value.filter(({ asked, state, parent }) => state === "queued" && parent === undefined && asked === undefined) : [];
  if (waiting.length === 0) return null;
  const edit = (id: string) => {
    const taken = outbox.take(chat, id);
    if (!taken) return;
    const { text, files } = drafts.of(chat).peek();
    drafts.change(chat, { text: [taken.text, text].filter(Boolean).join("\n\n"), files: [...taken.files, ...files] });
  };
  return (
    <ul class="chips queue" aria-label={t("chat.queued")}>
      {waiting.map(({ id, text, files }) => {
        const name = text || (files[0]?.name ?? "");
        return (
          <li key={id} class="chip">
            <span title={t("chat.queuedTitle")}>{name}</span>
            <button type="button" class="icon-button small" aria-label={t("chat.queuedEdit", { text: name })} title={t("chat.edit")} onClick={() => edit(id)}>
              <Icon name="edit" size={14} />
            </button>
            <button type="button" class="icon-button small" aria-label={t("chat.queuedRemove", { text: name })} title={t("chat.remove")} onClick={() => outbox.take(chat, id)}>
              <Icon name="close" size={14} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
