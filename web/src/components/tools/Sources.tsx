import type { CitationPart } from "../../api/assistant/types";
import { t } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";
import { placeWords } from "../files/places";

/** The sources of an answer: those it cites, with what it quotes, and those that were read beside. */
export function Sources({ citations }: { readonly citations: readonly CitationPart[] }) {
  const cited = citations.filter((source) => source.used !== false);
  const others = citations.filter((source) => source.used === false);
  const queries = [...new Set(citations.flatMap((source) => source.query ?? []))];
  return (
    <section class="sources" aria-label={t("tools.sources")}>
      {queries.length > 0 && <p class="searched">{t("tools.searched", { query: queries.join(" · ") })}</p>}
      {cited.length > 0 && <List sources={cited} />}
      {others.length > 0 && (
        <details>
          <summary>{t("tools.sourcesRead", { count: others.length })}</summary>
          <List sources={others} />
        </details>
      )}
    </section>
  );
}

function List({ sources }: { readonly sources: readonly CitationPart[] }) {
  return (
    <ol>
      {sources.map((source) => (
        <li key={source.number} value={source.number}>
          {source.url && /^https?:/.test(source.url) ? (
            <a href={source.url} target="_blank" rel="noopener noreferrer">
              {named(source, source.title || source.url)}
            </a>
          ) : source.kind === "file" ? (
            <FileSource source={source} />
          ) : (
            source.title
          )}
          {source.supported === false && <em class="unsupported">{t("tools.notSupported")}</em>}
          {source.supported === true && <em class="supported">{t("tools.supported")}</em>}
        </li>
      ))}
    </ol>
  );
}

/** A source's name with the place in it: "Report, page 3". */
function named({ place }: CitationPart, name: string): string {
  return [name, place ? placeWords(place) : ""].filter(Boolean).join(", ");
}

/** A place in an attached file; its text opens there. */
function FileSource({ source }: { readonly source: CitationPart }) {
  const app = useApp();
  const { place, title, quote } = source;
  return (
    <button type="button" class="link" onClick={() => app.openDialog("file", { file: source.source, name: title, place, quote })}>
      {named(source, title)}
    </button>
  );
}
