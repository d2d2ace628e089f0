/** <details> as a block: a summary, and Markdown that folds. */

import type { Token, Tokens } from "marked";

export interface DetailsToken extends Tokens.Generic {
  type: "details";
  summary: Token[];
  tokens: Token[];
  closed: boolean;
}

export interface DetailsSource {
  readonly raw: string;
  readonly summary: string;
  readonly body: string;
  readonly closed: boolean; // false: it reaches to the end of the text
}

const EDGE = /<(\/?)details(?:\s[^<>]*)?>|^ {0,3}(`{3,}|~{3,})[^\n]*$/gim;

/** The element at the start of `source`, other such elements and fences in it kept whole; null where there is none. */
export function scanDetails(source: string): DetailsSource | null {
  const opening = /^ {0,3}<details(?:\s[^<>]*)?>/i.exec(source)?.[0];
  if (opening === undefined) return null;
  const end = closingTag(source);
  const inner = source.slice(opening.length, end?.from ?? source.length);
  const [head, first = ""] = /^\s*<summary(?:\s[^<>]*)?>([\s\S]*?)<\/summary>/i.exec(inner) ?? /^\s*<summary(?:\s[^<>]*)?>([^\n]*)/i.exec(inner) ?? [""];
  const rest = end ? (/^[ \t]*\n*/.exec(source.slice(end.to))?.[0].length ?? 0) : 0;
  return {
    raw: end ? source.slice(0, end.to + rest) : source,
    summary: first.trim(),
    body: inner.slice(head?.length ?? 0).replace(/^[ \t]*\n|\s+$/g, ""),
    closed: end !== null,
  };
}

/** Where the closing tag that belongs to the first opening one stands. */
function closingTag(source: string): { readonly from: number; readonly to: number } | null {
  let depth = 0;
  let fence = "";
  for (const { index, 0: raw, 1: slash, 2: marks } of source.matchAll(EDGE)) {
    if (marks !== undefined) {
      if (fence === "") fence = marks;
      else if (marks.startsWith(fence) && raw.trim() === marks) fence = "";
    } else if (fence === "") {
      depth += slash ? -1 : 1;
      if (depth === 0) return { from: index, to: index + raw.length };
    }
  }
  return null;
}
