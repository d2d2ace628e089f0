/**
 * A Markdown text in a fence, as models write a README: the fences in it are as long as the outer one, which by
 * CommonMark ends at the first that closes. Here an info string opens a fence inside, and a bare one closes the innermost.
 */

import type { Tokens } from "marked";
import { linesFrom, type Line } from "./lines";

interface Fence {
  readonly mark: string;
  readonly length: number;
  readonly markdown: boolean; // other fences may open in it
}

const MARKDOWN = /^(?:markdown|md|mdx|rmd|qmd)\b/i;

/**
 * The code block at the start of `source`; undefined where no fence of Markdown starts there. One that does not end is
 * open to the end of a text that still streams; in a text that is `complete` it ends at the last bare fence.
 */
export function markdownFence(source: string, complete: boolean): Tokens.Code | undefined {
  const match = /^( {0,3})(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)/.exec(source);
  const [opening = "", indent = "", marks = "", info = ""] = match ?? [];
  const language = info.trim();
  if (!MARKDOWN.test(language)) return undefined;
  const outer = { mark: marks.charAt(0), length: marks.length, markdown: true };
  const closing = closingLine(source, opening.length, outer, complete);
  const indented = new RegExp(`^ {0,${indent.length}}`, "gm");
  const text = source.slice(opening.length, closing?.start ?? source.length).replace(/\n$/, "");
  return {
    type: "code",
    raw: source.slice(0, closing ? closing.start + closing.text.length : source.length),
    lang: language,
    text: text.replace(indented, ""),
  };
}

/** The line that closes the outer fence; null where it is open to the end. */
function closingLine(source: string, from: number, outer: Fence, complete: boolean): Line | null {
  const open = [outer];
  let lastBare: Line | null = null;
  for (const line of linesFrom(source, from)) {
    const [, indent = "", marks = "", info = ""] = /^([ \t]*)(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line.text) ?? [];
    const innermost = open.at(-1);
    if (!marks || !innermost) continue;
    const fence = { mark: marks.charAt(0), length: marks.length, markdown: MARKDOWN.test(info.trim()) };
    const matches = (other: Fence) => fence.mark === other.mark && fence.length >= other.length;
    if (info.trim()) {
      if (innermost.markdown && (fence.mark !== innermost.mark || matches(innermost))) open.push(fence);
      continue;
    }
    if (matches(outer) && indent.length < 4) lastBare = line;
    if (matches(innermost) && (innermost !== outer || indent.length < 4)) open.pop();
    if (open.length === 0) return line;
  }
  return complete ? lastBare : null;
}
