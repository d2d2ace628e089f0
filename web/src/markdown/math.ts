/**
 * Where mathematics begins and ends in running text: $…$, $$…$$, \(…\), \[…\].
 *
 * The dollar is also money, so a single one opens only what looks like a formula. The first rules are Pandoc's
 * (tex_math_dollars): no space inside the delimiters, no digit after the closing one. The others refuse prose.
 */

export interface MathSpan {
  readonly tex: string;
  readonly display: boolean;
  readonly length: number; // of the source, delimiters included
}

const LONGEST = 10_000; // characters of one formula: more is a stray delimiter, or an attack

/** The formula that starts at the first character of `source`; null where there is none. */
export function scanMath(source: string): MathSpan | null {
  if (source.startsWith("$$")) return between(source, "$$", "$$", true);
  if (source.startsWith("\\[")) return between(source, "\\[", "\\]", true);
  if (source.startsWith("\\(")) return between(source, "\\(", "\\)", false);
  return source.startsWith("$") ? dollars(source) : null;
}

/** Where the next delimiter may stand; -1 where there is none. */
export function nextMath(source: string): number {
  return source.search(/\$|\\[([]/);
}

function between(source: string, open: string, close: string, display: boolean): MathSpan | null {
  const end = findClose(source, open.length, close);
  if (end < 0) return null;
  const tex = source.slice(open.length, end).trim();
  return tex && !/\n[ \t]*\n/.test(tex) ? { tex, display, length: end + close.length } : null;
}

function dollars(source: string): MathSpan | null {
  if (/^\$[\s\d]*\$|^\$\s/.test(source)) return null;
  const end = findClose(source, 1, "$");
  if (end < 0) return null;
  const tex = source.slice(1, end);
  if (/\s$/.test(tex) || /\n[ \t]*\n/.test(tex) || /^[\d$\p{L}]/u.test(source.slice(end + 1))) return null;
  return looksLikeMath(tex) ? { tex, display: false, length: end + 1 } : null;
}

/** `$5 to Ann and 10$` is money; `$5 + x$`, `$n$` and `$\text{if } x$` are not. */
function looksLikeMath(tex: string): boolean {
  if (!balanced(tex)) return false;
  if (/\\[a-zA-Z]|[\^_=]/.test(tex)) return true;
  return !/^\d[\d.,]*(?:\s?[kKmMbB])?\s+\p{L}{2,}|\p{L}{3,}\s+\p{L}{2,}/u.test(tex);
}

function balanced(tex: string): boolean {
  let depth = 0;
  let round = 0;
  for (let at = 0; at < tex.length; at += 1) {
    const char = tex[at];
    if (char === "\\") at += 1;
    else if (char === "{") depth += 1;
    else if (char === "}" && --depth < 0) return false;
    else if (char === "(") round += 1;
    else if (char === ")") round -= 1;
  }
  return depth === 0 && (round === 0 || /[[\]]/.test(tex)); // half-open intervals mix the brackets
}

function findClose(source: string, from: number, close: string): number {
  const last = Math.min(source.length, from + LONGEST);
  for (let at = from; at < last; at += 1) {
    if (source.startsWith(close, at)) return at;
    if (source[at] === "\\") at += 1; // \$ and \\ close nothing
  }
  return -1;
}
