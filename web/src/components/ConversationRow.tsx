import { useEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "../state/records";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { isComposing } from "./keys";
import { t } from "../i18n";

export function ConversationRow({ conversation }: { readonly conversation: Conversation }) {
  const app = useApp();
  const [renaming, setRenaming] = useState(false);
  const { id, title } = conversation;
  const open = app.navigation.open.value === id;
  const busy = app.answers.active.value.has(id);
  if (renaming) return <Rename conversation={conversation} done={() => setRenaming(false)} />;
  return (
    <li class={open ? "row open" : "row"}>
      <a
        href={`#/c/${encodeURIComponent(id)}`}
        aria-current={open ? "page" : undefined}
        title={title}
        onClick={() => (app.drawer.value = false)}
        onDblClick={() => setRenaming(true)}
      >
        {title}
        {busy && <span class="pulse" role="img" aria-label={t("sidebar.answering")} />}
      </a>
      <div class="row-actions">
        <button type="button" class="icon-button small" aria-label={t("sidebar.renameTitle", { title })} title={t("sidebar.rename")} onClick={() => setRenaming(true)}>
          <Icon name="edit" size={15} />
        </button>
        <button type="button" class="icon-button small" aria-label={t("sidebar.deleteTitle", { title })} title={t("sidebar.delete")} onClick={() => app.remove(id)}>
          <Icon name="trash" size={15} />
        </button>
      </div>
    </li>
  );
}

function Rename({ conversation, done }: { readonly conversation: Conversation; done(): void }) {
  const app = useApp();
  const input = useRef<HTMLInputElement>(null);
  const cancelled = useRef(false);
  useEffect(() => input.current?.select(), []);
  const finish = () => {
    if (!cancelled.current) app.library.rename(conversation.id, input.current?.value ?? "");
    done();
  };
  return (
    <li class="row">
      <input
        ref={input}
        class="rename"
        aria-label={t("sidebar.title")}
        defaultValue={conversation.title}
        maxLength={200}
        onBlur={finish}
        onKeyDown={(event) => {
          if (isComposing(event)) return;
          if (event.key === "Escape") cancelled.current = true;
          if (event.key !== "Escape" && event.key !== "Enter") return;
          event.stopPropagation();
          event.currentTarget.blur();
        }}
      />
    </li>
  );
}
