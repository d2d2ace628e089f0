import { useEffect, useRef, useState } from "preact/hooks";
import type { Token } from "marked";
import { IncrementalLexer } from "./incremental";
import { lex } from "./lexer";

const LONGEST = 1_000_000; // characters of a text that is taken apart: what is longer is shown as it is
const SLICE = 8_000; // characters read between two frames: a long text comes in slices, and the page stays usable

/** The tokens of a text, of as much as has been read: what is long is shown from its beginning, slice by slice. */
export function useTokens(text: string, streaming: boolean): readonly Token[] {
  const lexer = useRef<IncrementalLexer | null>(null);
  const finished = useRef<{ readonly text: string; readonly tokens: readonly Token[] } | null>(null);
  const [, read] = useState(0);
  lexer.current ??= new IncrementalLexer();
  const whole = finished.current?.text === text && !streaming;
  const end = whole ? text.length : sliceEnd(text, lexer.current.covered(text));
  useEffect(() => {
    if (end >= text.length || finished.current?.text === text) return undefined;
    const timer = setTimeout(() => read((slices) => slices + 1)); // after the frame, so that input comes in between
    return () => clearTimeout(timer);
  });
  if (whole) return finished.current?.tokens ?? [];
  const tooLong = text.length > LONGEST && !streaming && lexer.current.covered(text) === 0;
  if (!tooLong && (streaming || end < text.length)) return lexer.current.grow(text.slice(0, end));
  const tokens = tooLong ? lex(text) : lexer.current.finish(text);
  finished.current = { text, tokens };
  return tokens;
}

/** Where the next slice ends: between two blocks. One that is very long is read at once; the lexer has bounds for it. */
function sliceEnd(text: string, from: number): number {
  const blank = text.indexOf("\n\n", from + SLICE);
  return blank < 0 ? text.length : blank + 2;
}
