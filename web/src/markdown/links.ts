/** Which addresses in an answer may be followed, and where one in running text ends. */

import { decodeEntities } from "./entities";

const ALLOWED: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/**
 * The address to link to; null where the text must stay text. Only absolute addresses count, and none that could run
 * code or reach this machine's files.
 */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(decodeEntities(href)); // the browser's own parser: what it sees is what it would follow
    return ALLOWED.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Punctuation that no address holds unencoded: of East Asian, Arabic and Indic scripts, quotes, dashes, bars. */
const STOP = /[\s<>"`|“”‘’«»‹›—…\u060c\u061b\u061f\u0964\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3b\uff3d\uff5b-\uff65]/u;
const HOST = /^(?:[a-z]+:\/\/|www\.)[\w.-]+/i;

/**
 * Where a bare address at the start of `source` ends at the latest: at a punctuation mark that is no part of one, at a
 * bracket that it did not open, or behind its host at what starts neither port, path nor query (访问example.com然后).
 */
export function urlEnd(source: string): number {
  const host = HOST.exec(source)?.[0].length ?? 0;
  if (host > 0 && host < source.length && !/[:/?#@]/.test(source[host] ?? "")) return host;
  const open: string[] = [];
  for (let at = host; at < source.length; at += 1) {
    const char = source[at] ?? "";
    if (STOP.test(char)) return at;
    if (char === "(" || char === "[" || char === "{") open.push(char);
    else if ((char === ")" || char === "]" || char === "}") && open.pop() !== { ")": "(", "]": "[", "}": "{" }[char]) return at;
  }
  return source.length;
}
