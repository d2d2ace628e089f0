import type { FilePart } from "../../api/assistant/types";
import type { PartProps } from "../parts";
import { FileChip } from "./FileChip";

/** A file in the transcript. */
export function FilePartView({ part }: PartProps<FilePart>) {
  return (
    <div class="chips">
      <FileChip file={part} />
    </div>
  );
}
