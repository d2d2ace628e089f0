/** Where a text has a quote, up to case, spaces and punctuation; the server decides whether it is supported. */

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The first place of `quote` in `text`, by letters and digits alone; null where it is not there. */
export function findQuote(text: string, quote: string): Span | null {
  const pieces = quote.split(/\[?(?:…|\.{3,})\]?/).map((piece) => reduce(piece).letters).filter((piece) => piece !== "");
  if (pieces.length === 0) return null;
  const { letters, places } = reduce(text);
  let [begin, end] = [-1, 0];
  for (const piece of pieces) {
    const at = letters.indexOf(piece, end);
    if (at < 0) return null;
    if (begin < 0) begin = at;
    end = at + piece.length;
  }
  return { start: places[begin] ?? 0, end: (places[end - 1] ?? 0) + 1 };
}

function reduce(text: string): { letters: string; places: number[] } {
  let letters = "";
  const places: number[] = [];
  for (let place = 0; place < text.length; place += 1) {
    for (const letter of (text[place] ?? "").normalize("NFKD").toLowerCase()) {
      if (!/[\p{L}\p{N}]/u.test(letter)) continue;
      letters += letter;
      for (let unit = 0; unit < letter.length; unit += 1) places.push(place);
    }
  }
  return { letters, places };
}
