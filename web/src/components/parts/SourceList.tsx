import type { CitationPart, Message } from "../../api/assistant/types";
import { t } from "../../i18n";

/** What an answer refers to as [1], [2] …; nothing where it refers to nothing. */
export function SourceList({ message }: { readonly message: Message }) {
  const citations = message.parts.filter((part): part is CitationPart => part.type === "citation");
  if (citations.length === 0) return null;
  return (
    <ol class="sources" aria-label={t("chat.sources")}>
      {citations.map(({ number, title, url }) => (
        <li key={number} value={number}>
          {url && /^https?:/.test(url) ? (
            <a href={url} target="_blank" rel="noopener noreferrer">
              {title || url}
            </a>
          ) : (
            title
          )}
        </li>
      ))}
    </ol>
  );
}
