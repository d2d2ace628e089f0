import type { StoredFile } from "../../api/assistant/files";
import type { FilePart } from "../../api/assistant/types";
import { formatBytes, t } from "../../i18n";
import { useApp } from "../context";
import { Icon } from "../Icon";

interface Props {
  readonly file: FilePart;
  remove?(): void;
}

/** One file: its name opens what was read of it; beside it its tokens, that it is being read, or why it cannot be. */
export function FileChip({ file, remove }: Props) {
  const app = useApp();
  const known = app.uploads.details(file.file).value;
  const details = known === "gone" ? null : known;
  const state = details?.state ?? file.state;
  const problem = details?.error ?? null;
  const nothing = state === "ready" && details?.data.passages === 0 ? whyNoText(details) : null;
  return (
    <div class={`chip file-chip ${state}`}>
      <button type="button" class="file-open" title={t("files.open", { name: file.name })} onClick={() => app.openDialog("file", { file: file.file, name: file.name })}>
        <Icon name="file" size={16} />
        <span class="file-name">{file.name}</span>
        <small>{state === "failed" ? t("files.unreadable") : state === "reading" ? t("files.reading") : tokensOf(file, details)}</small>
      </button>
      {remove && (
        <button type="button" class="icon-button small" aria-label={t("chat.removeFile", { name: file.name })} onClick={remove}>
          <Icon name="close" size={14} />
        </button>
      )}
      {problem && state === "failed" && (
        <p class="file-problem">
          {problem.message}
          {problem.remedy ? `; ${problem.remedy}` : ""}
        </p>
      )}
      {known === "gone" && <p class="file-problem">{t("files.gone")}</p>}
      {nothing && <p class="file-problem">{nothing}</p>}
    </div>
  );
}

/** What the reader said of a file in which it found no text; a picture may have none. */
function whyNoText(file: StoredFile): string | null {
  return file.data.warnings?.[0] ?? (isPicture(file) ? null : t("files.noText"));
}

function tokensOf(file: FilePart, details: StoredFile | null): string {
  const tokens = details?.tokens ?? file.tokens;
  return tokens === null || (tokens === 0 && isPicture(details ?? file)) ? formatBytes(file.bytes) : t("files.tokens", { count: tokens });
}

/** Without text it is no worse: models that see are sent it as it is. */
function isPicture({ media_type }: { readonly media_type: string }): boolean {
  return media_type.startsWith("image/");
}
