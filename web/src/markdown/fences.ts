/**
 * A Markdown text in a fence, as models write a README: the fences in it are as long as the outer one, which by
 * CommonMark ends at the first that closes. Here an info string opens a fence inside, and a bare one closes the innermost.
 */

import type { Tokens } from "marked";

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
  const lines = source.slice(opening.length).split("\n");
  const close = closingLine(lines, { mark: marks.charAt(0), length: marks.length, markdown: true }, complete);
  const indented = new RegExp(`^ {0,${indent.length}}`);
  const text = lines.slice(0, close).map((line) => line.replace(indented, "")).join("\n");
  return {
    type: "code",
    raw: opening + lines.slice(0, close + 1).join("\n"),
    lang: language,
    text: close === lines.length ? text.replace(/\n$/, "") : text,
  };
}

/** The index of the line that closes the outer fence; the number of lines where none does. */
function closingLine(lines: readonly string[], outer: Fence, complete: boolean): number {
  const open = [outer];
  let lastBare = lines.length;
  for (const [index, line] of lines.entries()) {
    const [, indent = "", marks = "", info = ""] = /^([ \t]*)(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line) ?? [];
    const innermost = open.at(-1);
    if (!marks || !innermost) continue;
    const fence = { mark: marks.charAt(0), length: marks.length, markdown: MARKDOWN.test(info.trim()) };
    const matches = (other: Fence) => fence.mark === other.mark && fence.length >= other.length;
    if (info.trim()) {
      if (innermost.markdown && (fence.mark !== innermost.mark || matches(innermost))) open.push(fence);
      continue;
    }
    if (matches(outer) && indent.length < 4) lastBare = index;
    if (matches(innermost) && (innermost !== outer || indent.length < 4)) open.pop();
    if (open.length === 0) return index;
  }
  return complete ? lastBare : lines.length;
}
