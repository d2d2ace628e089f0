/** Which addresses in an answer may be followed. Everything that could run code or reach this machine's files may not. */

import { decodeEntities } from "./entities";

const ALLOWED: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/** The address to link to; null where the text must stay text. Only absolute addresses count. */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(decodeEntities(href)); // the browser's own parser: what it sees is what it would follow
    return ALLOWED.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
