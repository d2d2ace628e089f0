/** The few HTML tags that answers are written with. They become elements without attributes; every other tag is text. */

export const INLINE_TAGS: ReadonlySet<string> = new Set([
  "sub", "sup", "b", "i", "em", "strong", "u", "s", "kbd", "mark", "details", "summary",
]); // prettier-ignore

export interface Tag {
  readonly name: string;
  readonly kind: "open" | "close" | "break";
}

/** The tag that `raw` is; null where it is not among those that count. */
export function parseTag(raw: string): Tag | null {
  const [, slash = "", written = ""] = /^<(\/?)([a-zA-Z]+)(?:\s[^<>]*|\/)?>$/.exec(raw) ?? [];
  const name = written.toLowerCase();
  if (name === "br") return { name, kind: "break" };
  if (!INLINE_TAGS.has(name) || raw.endsWith("/>")) return null;
  return { name, kind: slash ? "close" : "open" };
}

/** Whether a block of HTML starts with a tag that counts, so that it is a paragraph with markup in it. */
export function startsInline(source: string): boolean {
  const raw = /^ {0,3}(<\/?[a-zA-Z]+(?:\s[^<>]*|\/)?>)/.exec(source)?.[1];
  const tag = raw === undefined ? null : parseTag(raw);
  return tag !== null && tag.name !== "details" && tag.name !== "summary";
}
