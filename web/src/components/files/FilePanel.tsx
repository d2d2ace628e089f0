import { useEffect, useRef, useState } from "preact/hooks";
import { downloadFile, listPassages, type Passage, type Place } from "../../api/assistant/files";
import { formatBytes, t } from "../../i18n";
import type { DialogProps } from "../dialogs";
import { download } from "../../state/download";
import { useApp } from "../context";
import { Icon } from "../Icon";
import { isWithin, placeWords } from "./places";
import { PassageText } from "./PassageText";
import { findQuote, type Span } from "./quotes";

const MOST_AT_ONCE = 3000; // passages that are loaded to find a place

/** What was read of a file, beside the chat: at the cited place, with the quote marked. */
export function FilePanel({ file: id, name, place, quote, close }: DialogProps) {
  const app = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const known = app.uploads.details(String(id)).value;
  const file = known === "gone" ? null : known;
  const cited = (place as Place | null | undefined) ?? null;
  const { passages, more, problem, load } = usePassages(String(id), file?.state === "ready", cited);
  const marked = typeof quote === "string" && quote ? markQuote(passages, quote) : new Map<number, Span>();
  const goal = marked.keys().next().value ?? passages.find((passage) => cited && isWithin(passage.place, cited))?.position;
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (goal === undefined) return;
    const target = dialog.current?.querySelector(`[data-position="${goal}"]`);
    (target?.querySelector("mark") ?? target)?.scrollIntoView({ block: "center" });
  }, [goal]);
  const title = file?.name ?? String(name);
  return (
    <dialog ref={dialog} class="file-panel" aria-label={title} onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="icon-button" aria-label={t("files.download")} title={t("files.download")} onClick={() => void save()}>
          <Icon name="download" size={18} />
        </button>
        <button type="button" class="icon-button" aria-label={t("chat.close")} onClick={close}>
          <Icon name="close" size={18} />
        </button>
      </header>
      <div class="file-text" tabIndex={0} role="region" aria-label={t("files.text")}>
        {file && <p class="hint">{[file.data.format, file.data.title, formatBytes(file.bytes), file.tokens === null ? "" : t("files.tokens", { count: file.tokens })].filter(Boolean).join(" · ")}</p>}
        {file?.data.warnings?.map((warning) => (
          <p key={warning} class="file-problem">
            {warning}
          </p>
        ))}
        {file?.error && (
          <p class="file-problem">
            {file.error.message}; {file.error.remedy}
          </p>
        )}
        {known === "gone" && <p class="file-problem">{t("files.gone")}</p>}
        {file?.state === "reading" && <p class="hint">{t("files.reading")}</p>}
        {file?.state === "ready" && file.data.passages === 0 && <p class="hint">{t("files.noText")}</p>}
        {problem && <p class="file-problem">{problem}</p>}
        {passages.map((passage, index) => {
          const words = placeWords(passage.place);
          const before = passages[index - 1];
          const isCited = cited !== null && isWithin(passage.place, cited);
          return (
            <section key={passage.position} data-position={passage.position} class={isCited ? "cited" : ""}>
              {words && (!before || placeWords(before.place) !== words) && <h3>{words}</h3>}
              <PassageText text={passage.text} mark={marked.get(passage.position) ?? null} />
            </section>
          );
        })}
        {more && (
          <button type="button" class="button" onClick={load}>
            {t("files.more")}
          </button>
        )}
      </div>
    </dialog>
  );

  async function save(): Promise<void> {
    try {
      download(title, await downloadFile(app.client, String(id)));
    } catch (error) {
      app.notices.show({ text: error instanceof Error ? error.message : t("errors.unreachable") });
    }
  }
}

/** The passages of a file, up to the cited place at first, more on demand. */
function usePassages(id: string, ready: boolean, cited: Place | null) {
  const app = useApp();
  const [passages, setPassages] = useState<readonly Passage[]>([]);
  const [next, setNext] = useState<number | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const read = async (after: number | null, gone: () => boolean) => {
    try {
      const page = await listPassages(app.client, id, after);
      if (gone()) return;
      setPassages((before) => (after === null ? page.data : [...before, ...page.data]));
      setNext(page.next);
      const there = cited === null || page.data.some(({ place }) => isWithin(place, cited));
      if (!there && page.next !== null && page.next < MOST_AT_ONCE) await read(page.next, gone);
    } catch (error) {
      if (!gone()) setProblem(error instanceof Error ? error.message : t("errors.unreachable"));
    }
  };
  useEffect(() => {
    let gone = false;
    if (ready) void read(null, () => gone);
    return () => {
      gone = true;
    };
  }, [id, ready]);
  return { passages, more: next !== null, problem, load: () => void read(next, () => false) };
}

/** For each passage that has a part of the quote, which characters. */
function markQuote(passages: readonly Passage[], quote: string): Map<number, Span> {
  const marks = new Map<number, Span>();
  const span = findQuote(passages.map(({ text }) => text).join(""), quote);
  let offset = 0;
  for (const { position, text } of passages) {
    const [start, end] = [Math.max(0, (span?.start ?? 0) - offset), Math.min(text.length, (span?.end ?? 0) - offset)];
    if (span && start < end) marks.set(position, { start, end });
    offset += text.length;
  }
  return marks;
}
