import type { FilePart } from "../api/assistant/types";
import { FileChip } from "./files/FileChip";

interface Props {
  readonly files: readonly FilePart[];
  remove?(file: FilePart): void;
}

/** The files of a question. */
export function FileChips({ files, remove }: Props) {
  if (files.length === 0) return null;
  return (
    <ul class="chips">
      {files.map((file) => (
        <li key={file.file}>
          <FileChip file={file} {...(remove ? { remove: () => remove(file) } : {})} />
        </li>
      ))}
    </ul>
  );
}
