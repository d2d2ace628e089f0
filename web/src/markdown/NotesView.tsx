/** Footnotes on the screen: numbers in the text that lead to the notes at its end, and back. */

import { createContext, type ComponentChildren, type JSX, type TargetedMouseEvent } from "preact";
import { useContext, useId, useMemo } from "preact/hooks";
import type { Token } from "marked";
import { numberNotes, type Note, type NoteRefToken } from "./footnotes";
import { t } from "../i18n";

interface Numbering {
  readonly prefix: string; // of the ids on this page, as every answer has a note 1
  readonly numbers: ReadonlyMap<string, number>;
}

const Context = createContext<Numbering>({ prefix: "", numbers: new Map() });

interface Props {
  readonly tokens: readonly Token[];
  readonly children: ComponentChildren;
  content(tokens: readonly Token[]): ComponentChildren;
}

/** A text with the notes that its tokens define below it. */
export function WithFootnotes({ tokens, children, content }: Props): JSX.Element {
  const prefix = useId();
  const notes = numberNotes(tokens);
  const labels = notes.map(({ label }) => label);
  const numbering = useMemo(() => ({ prefix, numbers: numbersOf(labels) }), [prefix, labels.join("\n")]);
  return (
    <Context.Provider value={numbering}>
      {children}
      {notes.length > 0 && (
        <div class="footnotes" role="group" aria-label={t("text.footnotes")}>
          <ol>
            {notes.map((note, index) => (
              <li key={index} id={noteId(prefix, index + 1)} tabIndex={-1}>
                {content(note.tokens)}
                <BackLinks note={note} number={index + 1} />
              </li>
            ))}
          </ol>
        </div>
      )}
    </Context.Provider>
  );
}

/** Of two notes with one label, references lead to the first. */
function numbersOf(labels: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [index, label] of labels.entries()) if (!numbers.has(label)) numbers.set(label, index + 1);
  return numbers;
}

/** The number of a note; a reference to a note that is not there (yet) is text. */
export function NoteRef({ token }: { readonly token: NoteRefToken }) {
  const { prefix, numbers } = useContext(Context);
  const number = numbers.get(token.label);
  if (number === undefined) return <>{token.raw}</>;
  return (
    <sup class="note-ref">
      <a id={referenceId(prefix, number, token.occurrence ?? 1)} href={`#${noteId(prefix, number)}`} aria-label={t("text.footnote", { number })} onClick={follow}>
        {number}
      </a>
    </sup>
  );
}

function BackLinks({ note, number }: { readonly note: Note; readonly number: number }) {
  const { prefix } = useContext(Context);
  const occurrences = Array.from({ length: note.references }, (_, index) => index + 1);
  return (
    <span class="note-back">
      {occurrences.map((occurrence) => (
        <a
          key={occurrence}
          href={`#${referenceId(prefix, number, occurrence)}`}
          aria-label={t("text.footnoteBack", { number: `${number}${occurrence > 1 ? `-${occurrence}` : ""}` })}
          onClick={follow}
        >
          ↩{occurrence > 1 && <sup>{occurrence}</sup>}
        </a>
      ))}
    </span>
  );
}

function noteId(prefix: string, number: number): string {
  return `${prefix}-note-${number}`;
}

function referenceId(prefix: string, number: number, occurrence: number): string {
  return `${prefix}-ref-${number}-${occurrence}`;
}

/** Goes where the link points without writing it into the address, which names the open chat. */
function follow(event: TargetedMouseEvent<HTMLAnchorElement>): void {
  const target = document.getElementById(event.currentTarget.hash.slice(1));
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  target.scrollIntoView({ block: "nearest" });
  target.focus({ preventScroll: true });
}
