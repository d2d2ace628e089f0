import { useEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "../api/assistant/types";
import { t } from "../i18n";
import { useApp } from "./context";
import { Icon } from "./Icon";

export function ConversationRow({ conversation }: { readonly conversation: Conversation }) {
  const app = useApp();
  const [renaming, setRenaming] = useState(false);
  const { id, pinned, running } = conversation;
  const title = conversation.title || t("chat.untitled");
  const open = app.navigation.open.value === id;
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
        {running && <span class="pulse" role="img" aria-label={t("sidebar.answering")} />}
      </a>
      <div class="row-actions">
        <button
          type="button"
          class="icon-button small"
          aria-label={pinned ? t("sidebar.unpinTitle", { title }) : t("sidebar.pinTitle", { title })}
          title={pinned ? t("sidebar.unpin") : t("sidebar.pin")}
          onClick={() => void app.actions.change(id, { pinned: !pinned })}
        >
          <Icon name="pin" size={15} />
        </button>
        <button type="button" class="icon-button small" aria-label={t("sidebar.renameTitle", { title })} title={t("sidebar.rename")} onClick={() => setRenaming(true)}>
          <Icon name="edit" size={15} />
        </button>
        <button type="button" class="icon-button small" aria-label={t("sidebar.deleteTitle", { title })} title={t("sidebar.delete")} onClick={() => void app.actions.remove(id)}>
          <Icon name="trash" size={15} />
        </button>
        <button type="button" class="icon-button small" aria-label={t("sidebar.moreTitle", { title })} title={t("sidebar.chat")} onClick={() => app.openDialog("chat", { id })}>
          <Icon name="more" size={15} />
        </button>
      </div>
    </li>
  );
}

function Rename({ conversation, done }: { readonly conversation: Conversation; done(): void }) {
  const { actions } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const cancelled = useRef(false);
  useEffect(() => input.current?.select(), []);
  const finish = () => {
    const title = input.current?.value.trim() ?? "";
    if (!cancelled.current && title && title !== conversation.title) void actions.change(conversation.id, { title });
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
          if (event.key === "Escape") cancelled.current = true;
          if (event.key !== "Escape" && event.key !== "Enter") return;
          event.stopPropagation();
          event.currentTarget.blur();
        }}
      />
    </li>
  );
}
