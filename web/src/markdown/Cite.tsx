/** Marks of sources in a text (`[1]`, `[2, 3]`, `[citation:4]`): buttons that show what they refer to. */

import { createContext, type ComponentChild } from "preact";
import { useContext, useId, useRef, useState } from "preact/hooks";
import type { Place } from "../api/assistant/files";
import { placeWords } from "../components/files/places";
import { t } from "../i18n";

export interface CitedSource {
  readonly number: number;
  readonly title: string;
  readonly url: string | null;
  readonly place?: Place | null;
  readonly quote: string | null;
  readonly passage?: string | null;
  readonly supported: boolean | null;
}

/** The sources that marks may refer to, by their numbers; a number that is not among them is text. */
export const CitationContext = createContext<ReadonlyMap<number, CitedSource>>(new Map());

const LEAVE = 200; // ms

const MARK = /(\[(?:citation:\s*)?\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]|【\d{1,3}(?:†[^】\n]{0,40})?】)/;

/** A text in which marks may be; the text itself where there is none. */
export function withCitations(text: string): ComponentChild {
  return MARK.test(text) ? <CitedText text={text} /> : text;
}

function CitedText({ text }: { readonly text: string }) {
  const sources = useContext(CitationContext);
  return <>{text.split(MARK).map((piece, index) => (index % 2 === 0 ? piece : <Marks key={index} mark={piece} sources={sources} />))}</>;
}

function Marks({ mark, sources }: { readonly mark: string; readonly sources: ReadonlyMap<number, CitedSource> }) {
  const numbers = (mark.startsWith("【") ? mark.split("†", 1)[0] : mark)?.match(/\d+/g)?.map(Number) ?? [];
  if (!numbers.every((number) => sources.has(number))) return <>{mark}</>;
  return (
    <>
      {numbers.map((number) => {
        const source = sources.get(number);
        return source && <Cite key={number} source={source} />;
      })}
    </>
  );
}

/** The card opens by a press or a pointer that rests; Escape and a press elsewhere close it. */
function Cite({ source }: { readonly source: CitedSource }) {
  const id = useId();
  const card = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const place = () => {
    const [element, from] = [card.current, button.current?.getBoundingClientRect()];
    if (!element || !from) return;
    element.style.left = `${Math.max(8, Math.min(from.left, innerWidth - element.offsetWidth - 8))}px`;
    const below = from.bottom + 6;
    element.style.top = `${below + element.offsetHeight < innerHeight ? below : Math.max(8, from.top - element.offsetHeight - 6)}px`;
  };
  const leaving = useRef(0);
  const enter = (event: PointerEvent) => {
    clearTimeout(leaving.current);
    if (event.pointerType === "mouse" && !open) card.current?.showPopover();
  };
  const leave = (event: PointerEvent) => {
    if (event.pointerType !== "mouse") return;
    leaving.current = window.setTimeout(() => card.current?.hidePopover(), LEAVE); // the way to the card is no leaving
  };
  return (
    <span class="cite" onPointerEnter={enter} onPointerLeave={leave}>
      <button
        ref={button}
        type="button"
        class={source.supported === false ? "unsupported" : ""}
        aria-label={t("text.citation", { number: source.number, title: source.title })}
        popovertarget={id}
        popovertargetaction="show" // it may be open by the pointer already
      >
        {source.number}
      </button>
      <span
        ref={card}
        id={id}
        class="cite-card"
        popover="auto"
        onToggle={(event) => {
          setOpen(event.newState === "open");
          requestAnimationFrame(place);
        }}
      >
        {open && <Card source={source} />}
      </span>
    </span>
  );
}

function Card({ source }: { readonly source: CitedSource }) {
  const { title, url, place, quote, passage, supported } = source;
  return (
    <>
      {url !== null && /^https?:/.test(url) ? (
        <a href={url} target="_blank" rel="noopener noreferrer">
          {title || url}
        </a>
      ) : (
        <strong>{title}</strong>
      )}
      {(url !== null || place) && <small>{[url === null ? "" : hostOf(url), place ? placeWords(place) : ""].filter(Boolean).join(", ")}</small>}
      {passage && <q>{passage}</q>}
      {supported === false && quote !== null && <em class="unsupported">{t("text.notSupported", { quote })}</em>}
      {supported === true && <em class="supported">{t("text.supported")}</em>}
    </>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return "";
  }
}
