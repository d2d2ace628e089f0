import { formatBytes, formatPercent, t } from "../../i18n";
import { useApp } from "../context";
import { Icon } from "../Icon";

/** Files on their way to the server, each with how much of it is there, or why it was refused. */
export function UploadChips({ chat }: { readonly chat: string | null }) {
  const { uploads } = useApp();
  const files = uploads.of(chat);
  if (files.length === 0) return null;
  return (
    <ul class="chips">
      {files.map(({ key, name, bytes, sent, problem }) => (
        <li key={key}>
          <div class={`chip file-chip ${problem === null ? "sending" : "failed"}`}>
            <Icon name="file" size={16} />
            <span class="file-name">{name}</span>
            <small>{problem === null ? formatPercent(bytes > 0 ? sent / bytes : 0) : formatBytes(bytes)}</small>
            <button type="button" class="icon-button small" aria-label={t("chat.removeFile", { name })} onClick={() => uploads.cancel(key)}>
              <Icon name="close" size={14} />
            </button>
            {problem === null ? <progress value={sent} max={Math.max(bytes, 1)} aria-label={t("files.sending", { name })} /> : <p class="file-problem" role="alert">{problem}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
