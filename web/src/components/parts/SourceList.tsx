import type { CitationPart, Message } from "../../api/assistant/types";
import { t } from "../../i18n";
import { useApp } from "../context";
import { placeWords } from "../files/places";

/** What an answer refers to as [1], [2] …; nothing where it refers to nothing. */
export function SourceList({ message }: { readonly message: Message }) {
  const citations = message.parts.filter((part): part is CitationPart => part.type === "citation");
  const app = useApp();
  if (citations.length === 0) return null;
  return (
    <ol class="sources" aria-label={t("chat.sources")}>
      {citations.map(({ number, kind, title, url, source, place, quote }) => (
        <li key={number} value={number}>
          {url && /^https?:/.test(url) ? (
            <a href={url} target="_blank" rel="noopener noreferrer">
              {title || url}
            </a>
          ) : kind === "file" ? (
            <button type="button" class="link" onClick={() => app.openDialog("file", { file: source, name: title, place, quote })}>
              {[title, place ? placeWords(place) : ""].filter(Boolean).join(", ")}
            </button>
          ) : (
            title
          )}
        </li>
      ))}
    </ol>
  );
}
