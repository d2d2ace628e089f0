import type { FilePart } from "../api/assistant/types";
import { formatBytes, t } from "../i18n";
import { Icon } from "./Icon";

interface Props {
  readonly files: readonly FilePart[];
  remove?(file: FilePart): void;
}

/** The files of a question, by name and size. */
export function FileChips({ files, remove }: Props) {
  if (files.length === 0) return null;
  return (
    <ul class="chips">
      {files.map((file) => (
        <li key={file.file} class="chip">
          <span>{file.name}</span> <small>{formatBytes(file.bytes)}</small>
          {remove && (
            <button type="button" class="icon-button small" aria-label={t("chat.removeFile", { name: file.name })} onClick={() => remove(file)}>
              <Icon name="close" size={14} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
