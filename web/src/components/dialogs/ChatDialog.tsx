import { useRef, useState } from "preact/hooks";
import { t } from "../../i18n";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import type { DialogProps } from "./index";

/** What can be done to one chat: its title, its folder, pin, delete. */
export function ChatDialog({ id, close }: DialogProps) {
  const { actions, chats, projects } = useApp();
  const row = chats.get(String(id));
  const title = useRef<HTMLInputElement>(null);
  const [adding, setAdding] = useState(false);
  if (!row) return null;
  const save = () => {
    const text = title.current?.value.trim() ?? "";
    if (text && text !== row.title) void actions.change(row.id, { title: text });
  };
  return (
    <Dialog title={t("sidebar.chat")} close={close}>
      <form
        class="tab-panel"
        onSubmit={(event) => {
          event.preventDefault();
          save();
          close();
        }}
      >
        <label>
          <span>{t("sidebar.title")}</span>
          <input ref={title} defaultValue={row.title} maxLength={200} onBlur={save} />
        </label>
        <label>
          <span>{t("sidebar.project")}</span>
          <select
            value={adding ? "+" : (row.project ?? "")}
            onChange={({ currentTarget: { value } }) => {
              setAdding(value === "+");
              if (value !== "+") void actions.change(row.id, { project: value || null });
            }}
          >
            <option value="">{t("sidebar.noProject")}</option>
            {projects.rows.value.map((project) => (
              <option key={project.id} value={project.id}>
                {project.name}
              </option>
            ))}
            <option value="+">{t("sidebar.newProject")}</option>
          </select>
        </label>
        {adding && <NewProject chat={row.id} done={() => setAdding(false)} />}
        <div class="buttons">
          <button
            type="button"
            class="button"
            onClick={() => {
              close();
              void actions.remove(row.id);
            }}
          >
            {t("sidebar.delete")}
          </button>
          <button type="button" class="button" onClick={() => void actions.change(row.id, { pinned: !row.pinned })}>
            {row.pinned ? t("sidebar.unpin") : t("sidebar.pin")}
          </button>
          <button type="submit" class="button primary">
            {t("sidebar.done")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function NewProject({ chat, done }: { readonly chat: string; done(): void }) {
  const { actions } = useApp();
  const name = useRef<HTMLInputElement>(null);
  const add = () => {
    const text = name.current?.value.trim() ?? "";
    if (text) void actions.moveToNewProject([chat], text).then(done);
  };
  return (
    <label>
      <span>{t("sidebar.projectName")}</span>
      <input
        ref={name}
        maxLength={200}
        onBlur={add}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      />
    </label>
  );
}
