/** A line of a text, without its end. */
export interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number; // where the next line starts, or the text ends
}

/** The lines of `source` from `start` on, one at a time: a block may end long before the text does. */
export function* linesFrom(source: string, start: number): Generator<Line> {
  for (let at = start; at < source.length; ) {
    const newline = source.indexOf("\n", at);
    const end = newline < 0 ? source.length : newline + 1;
    yield { text: source.slice(at, newline < 0 ? end : newline), start: at, end };
    at = end;
  }
}
