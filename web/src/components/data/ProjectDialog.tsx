import { addProjectFile, listProjectFiles, removeProjectFile } from "../../api/assistant/personal";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { Dialog } from "../Dialog";
import type { DialogProps } from "../dialogs";
import { SureButton } from "./SureButton";
import { useClient } from "./useClient";
import { useLoaded } from "./useLoaded";

interface Described {
  readonly name: string;
  readonly instructions: string;
}

/** A project: its name, and the instructions and files of all its chats. */
export function ProjectDialog({ project, changed, close }: DialogProps) {
  const client = useClient();
  const id = String(project);
  const report = () => typeof changed === "function" && void changed(); // so that the sidebar shows it
  const path = `api/projects/${encodeURIComponent(id)}`;
  const { value, act } = useLoaded(async () => ({ described: await client.json<Described>(path), files: await listProjectFiles(client, id) }));
  const change = (fields: Partial<Described>) => void act(() => client.json(path, { method: "PATCH", json: fields }).then(report));
  if (!value) return null;
  const { described, files } = value;
  return (
    <Dialog title={t("data.projectTitle")} close={close}>
      <label>
        <span>{t("data.projectName")}</span>
        <input type="text" maxLength={200} value={described.name} onChange={({ currentTarget: field }) => field.value.trim() && change({ name: field.value })} />
      </label>
      <label>
        <span>{t("data.projectInstructions")}</span>
        <textarea
          rows={5}
          dir="auto"
          maxLength={20_000}
          placeholder={t("data.projectInstructionsHint")}
          value={described.instructions}
          onChange={({ currentTarget: field }) => change({ instructions: field.value })}
        />
      </label>
      <section>
        <h3>{t("data.projectFiles")}</h3>
        <p>{files.length === 0 ? t("data.projectNoFiles") : t("data.projectFilesHelp")}</p>
        <ul class="rows">
          {files.map((file) => (
            <li key={file.id}>
              <span dir="auto">{file.name}</span>
              <SureButton label={t("data.deleteForever")} name={t("data.projectRemoveFile", { name: file.name })} run={() => void act(() => removeProjectFile(client, id, file.id))} />
            </li>
          ))}
        </ul>
        <label class="button import">
          {t("data.projectAddFile")}
          <input
            type="file"
            class="sr-only"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              currentTarget.value = "";
              if (file) void act(() => addProjectFile(client, id, file));
            }}
          />
        </label>
      </section>
      <p>
        <SureButton
          label={t("data.projectDelete")}
          run={() =>
            void client
              .send(path, { method: "DELETE" })
              .then(report)
              .then(close)
          }
        />{" "}
        <small>{t("data.projectDeleteHelp")}</small>
      </p>
    </Dialog>
  );
}
