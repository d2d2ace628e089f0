import { useEffect, useState } from "preact/hooks";
import { search } from "../api/assistant/conversations";
import type { Page, SearchHit } from "../api/assistant/types";
import { formatDate, t, type PlainKey } from "../i18n";
import { failureOf } from "../state/outbox";
import { useApp } from "./context";
import { useSpoken } from "./StatusRegion";

const KINDS: Readonly<Record<SearchHit["kind"], PlainKey>> = {
  title: "sidebar.kind.title",
  question: "sidebar.kind.question",
  answer: "sidebar.kind.answer",
  thinking: "sidebar.kind.thinking",
};
const PAUSE_MS = 150; // after the last letter

/** What the server finds in titles, questions, answers and thoughts, with the words marked. */
export function SearchResults({ text }: { readonly text: string }) {
  const { client } = useApp();
  const [page, setPage] = useState<Page<SearchHit> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [more, setMore] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        search(client, text, more, abort.signal).then(
          (found) => {
            setProblem(null);
            setPage((before) => (more === null || !before ? found : { data: [...before.data, ...found.data], next: found.next }));
          },
          (error: unknown) => abort.signal.aborted || setProblem(failureOf(error).message),
        );
      },
      more === null ? PAUSE_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, more]);
  useEffect(() => setMore(null), [text]);
  useSpoken(page ? t("sidebar.found", { count: page.data.length }) : "");
  return (
    <div class="conversations results">
      {problem !== null && <p class="hint">{problem}</p>}
      <ul>
        {page?.data.map((hit, index) => (
          <Hit key={index} hit={hit} />
        ))}
      </ul>
      {page?.data.length === 0 && problem === null && <p class="hint">{t("sidebar.noMatch")}</p>}
      {page?.next && (
        <button type="button" class="text-button" onClick={() => setMore(page.next)}>
          {t("sidebar.more")}
        </button>
      )}
    </div>
  );
}

function Hit({ hit }: { readonly hit: SearchHit }) {
  const app = useApp();
  const { conversation, title, snippet } = hit;
  return (
    <li class="hit">
      <a href={`#/c/${encodeURIComponent(conversation)}`} onClick={() => (app.drawer.value = false)}>
        {hit.kind !== "title" && title && <strong>{title}</strong>}
        <span>{marked(snippet.text, snippet.marks)}</span>
        <small>
          {t(KINDS[hit.kind])} · {formatDate(hit.created)}
        </small>
      </a>
    </li>
  );
}

/** A text with the ranges that were searched for as marks. */
function marked(text: string, marks: readonly (readonly [number, number])[]) {
  const pieces = [];
  let at = 0;
  for (const [start, end] of marks) {
    pieces.push(text.slice(at, start), <mark key={start}>{text.slice(start, end)}</mark>);
    at = end;
  }
  return [...pieces, text.slice(at)];
}
