/**
 * Where mathematics begins and ends in running text: $…$, $$…$$, \(…\), \[…\], and what models write without
 * delimiters: environments of amsmath and \boxed{…}.
 */

import { isUnclosedEnvironment, scanEnvironment } from "./environments";
import { isProse, isSingleDollarMath } from "./money";

export interface MathSpan {
  readonly tex: string;
  readonly display: boolean;
  readonly length: number; // of the source, delimiters included
}

const LONGEST_MATH = 10_000; // characters of one formula: more is a stray delimiter, or an attack

/** The formula that starts at the first character of `source`, behind the character `before`; null where there is none. */
export function scanMath(source: string, before = ""): MathSpan | null {
  if (source.startsWith("$$")) return doubleDollars(source, before);
  if (source.startsWith("$")) return singleDollars(source, before);
  if (source.startsWith("\\[")) return brackets(source, "\\]", true);
  if (source.startsWith("\\(")) return brackets(source, "\\)", false);
  if (source.startsWith("\\begin{")) return environment(source);
  return source.startsWith("\\boxed{") ? boxed(source) : null;
}

/** Where the next formula may start; -1 where there is no more. */
export function nextMath(source: string): number {
  return source.search(/\$|\\(?:[([]|begin\{|boxed\{)/);
}

function brackets(source: string, close: "\\]" | "\\)", display: boolean): MathSpan | null {
  const end = findClose(source, 2, close);
  if (end < 0) return null;
  const tex = source.slice(2, end).trim();
  if (tex === "" || isProse(tex) || (hasBlankLine(tex) && (!display || tex.includes("\\[")))) return null;
  return { tex, display, length: end + 2 };
}

/** Three dollars are a price range, not a delimiter. */
function doubleDollars(source: string, before: string): MathSpan | null {
  if (before === "$" || source[2] === "$") return null;
  const end = findClose(source, 2, "$$");
  if (end < 0 || source[end + 2] === "$") return null;
  const tex = source.slice(2, end).trim();
  return tex === "" || hasBlankLine(tex) || isProse(tex) ? null : { tex, display: true, length: end + 2 };
}

function singleDollars(source: string, before: string): MathSpan | null {
  const ticked = /^\$`([^`\n]+)`\$/.exec(source); // as GitHub has it, for what Markdown would harm
  if (ticked?.[1]) return { tex: ticked[1], display: false, length: ticked[0].length };
  if (before === "$") return null;
  const end = findClose(source, 1, "$");
  if (end < 0) return null;
  const tex = source.slice(1, end);
  if (hasBlankLine(tex) || !isSingleDollarMath(tex, before, source.slice(end + 1, end + 8))) return null;
  return { tex, display: false, length: end + 1 };
}

function environment(source: string): MathSpan | null {
  const found = scanEnvironment(source);
  return found?.math ? { tex: source.slice(0, found.length), display: true, length: found.length } : null;
}

function boxed(source: string): MathSpan | null {
  const end = closingBrace(source, "\\boxed{".length);
  if (end < 0) return null;
  const tex = source.slice(0, end + 1);
  return hasBlankLine(tex) ? null : { tex, display: false, length: tex.length };
}

/**
 * The length of a paragraph that opens a display formula which never closes: it still streams, or was cut off. Its
 * source is shown as it is, as Markdown would take backslashes and underscores for its own. 0 where there is none.
 */
export function unclosedLength(source: string): number {
  const length = /\n[ \t]*\n/.exec(source)?.index ?? source.length;
  const paragraph = source.slice(0, length);
  if (paragraph.startsWith("\\begin{")) return isUnclosedEnvironment(source, paragraph) ? length : 0;
  const open = /^(?:\$\$(?!\$)|\\\[)/.exec(paragraph)?.[0];
  if (open === undefined || findClose(paragraph, 2, open === "$$" ? "$$" : "\\]") >= 0) return 0;
  const rest = paragraph.slice(2);
  return /^[ \t]*(?:\n|$)|\\[a-zA-Z]|[\^_=]/.test(rest) ? length : 0;
}

/**
 * Whether an inline `\(` or `\[` opens a formula that does not end with the running text. Markdown would take the
 * backslash for an escape, and the rest for its own.
 */
export function isUnclosed(source: string): boolean {
  const close = { "\\(": "\\)", "\\[": "\\]" }[source.slice(0, 2)];
  return close !== undefined && findClose(source, 2, close) < 0 && /\\[a-zA-Z]|[\^_]/.test(source);
}

function hasBlankLine(tex: string): boolean {
  return /\n[ \t]*\n/.test(tex);
}

function findClose(source: string, from: number, close: string): number {
  const inside = source.slice(from, from + LONGEST_MATH);
  let at = inside.indexOf(close);
  while (at >= 0 && isEscaped(inside, at)) at = inside.indexOf(close, at + 1); // \$ and \\ close nothing
  return at < 0 ? -1 : from + at;
}

/** Whether a backslash that is none itself stands in front of `at`. */
export function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}

function closingBrace(source: string, from: number): number {
  const last = Math.min(source.length, from + LONGEST_MATH);
  let depth = 1;
  for (let at = from; at < last; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "{") depth += 1;
    else if (source[at] === "}" && --depth === 0) return at;
  }
  return -1;
}
