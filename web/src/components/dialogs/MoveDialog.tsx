import { useRef, useState } from "preact/hooks";
import { t } from "../../i18n";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import type { DialogProps } from "./index";

/** Moves the chats that are chosen in the sidebar into a project, a new one too, or out of all. */
export function MoveDialog({ ids, close }: DialogProps) {
  const { actions, projects, selection } = useApp();
  const chats = ids as readonly string[];
  const [project, setProject] = useState(projects.rows.value[0]?.id ?? "+");
  const name = useRef<HTMLInputElement>(null);
  return (
    <Dialog title={t("sidebar.moveTitle", { count: chats.length })} close={close}>
      <form
        class="tab-panel"
        onSubmit={(event) => {
          event.preventDefault();
          close();
          selection.end();
          if (project === "+") void actions.moveToNewProject(chats, name.current?.value.trim() ?? "");
          else void actions.move(chats, project || null);
        }}
      >
        <label>
          <span>{t("sidebar.project")}</span>
          <select value={project} onChange={(event) => setProject(event.currentTarget.value)}>
            {projects.rows.value.map((row) => (
              <option key={row.id} value={row.id}>
                {row.name}
              </option>
            ))}
            <option value="">{t("sidebar.noProject")}</option>
            <option value="+">{t("sidebar.newProject")}</option>
          </select>
        </label>
        {project === "+" && (
          <label>
            <span>{t("sidebar.projectName")}</span>
            <input ref={name} required pattern=".*\S.*" maxLength={200} />
          </label>
        )}
        <div class="buttons">
          <button type="submit" class="button primary">
            {t("sidebar.move")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
