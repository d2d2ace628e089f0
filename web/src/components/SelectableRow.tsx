import type { Conversation } from "../api/assistant/types";
import { t } from "../i18n";
import { useApp } from "./context";

interface Props {
  readonly conversation: Conversation;
  /** Ids of the chats as they are listed: with Shift, all between two are chosen. */
  readonly listed: readonly string[];
}

/** A chat of the list while chats are being chosen: arrows go from one to the next, Space or a click chooses. */
export function SelectableRow({ conversation: { id, title }, listed }: Props) {
  const { selection } = useApp();
  const chosen = selection.has(id);
  return (
    <li class={chosen ? "row open" : "row"}>
      <label class="pick">
        <input
          type="checkbox"
          checked={chosen}
          onClick={(event) => selection.toggle(id, event.shiftKey ? listed : null)}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            const boxes = [...(event.currentTarget.closest(".conversations")?.querySelectorAll<HTMLInputElement>(".pick input") ?? [])];
            boxes[boxes.indexOf(event.currentTarget) + step]?.focus();
          }}
        />
        <span>{title || t("chat.untitled")}</span>
      </label>
    </li>
  );
}
