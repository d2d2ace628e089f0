/** The title of a chat: the words of its first question, then what the model makes of it. */

import { t } from "../i18n";

const LONGEST = 60; // characters as a reader counts them
const READ = 4_000; // characters of a question that are looked through for its words

/** Marks of Markdown and TeX around the words of a line, and what stays of them. */
const MARKS: readonly (readonly [RegExp, string])[] = [
  [/^(?:\s*(?:>|[-*+](?=\s)|\d{1,3}[.)](?=\s)|#{1,6}(?=\s)))+\s*/, ""], // quotes, lists, headings
  [/\s+#+$/, ""],
  [/!?\[([^\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+["'][^"']*["'])?\)/g, "$1"], // links, images
  [/<((?:https?:\/\/|mailto:)[^\s<>]+)>/g, "$1"],
  [/<\/?(?:sub|sup|b|i|em|strong|u|s|kbd|mark|br|details|summary)(?:\s[^<>]*)?\/?>/gi, ""],
  [/\\[([]\s*(.+?)\s*\\[)\]]/g, "$1"],
  [/\$\$\s*(.+?)\s*\$\$/g, "$1"],
  [/\$(?=\S)([^$]*[\\^_=+][^$]*?)(?<=\S)\$(?!\d)/g, "$1"], // not the dollars of two prices
  [/(`+)\s*(.+?)\s*\1/g, "$2"],
  [/(\*\*|~~)(?=\S)(.+?)(?<=\S)\1/g, "$2"],
  [/(?<!\S)__([^_]+)__(?!\S)/g, "$1"],
  [/(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])/g, "$1"],
];

/** Characters that turn the direction of what follows, or that cannot be seen. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** The first line with words: of the prose where there is any, else of the code. */
export function titleOf(text: string): string {
  const lines = text.trimStart().slice(0, READ).replace(INVISIBLE, "").split("\n");
  const [prose, code] = partByFences(lines);
  for (const candidates of [prose.map(plainLine), code, prose]) {
    const line = candidates.find((candidate) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(candidate)) ?? "";
    if (line.trim()) return shorten(line.replace(/\s+/g, " ").trim());
  }
  const [first = ""] = lines.filter((line) => line.trim());
  return shorten(first.trim()) || t("chat.untitled");
}

/** The title in a model's answer to `TITLE_REQUEST`; null where the answer is none. */
export function titleFrom(answer: string): string | null {
  const [line = "", ...others] = answer.trim().split("\n");
  const words = plainLine(line.replace(INVISIBLE, ""))
    .replace(/^(?:title|titel|titre|título|标题|標題|タイトル)\s*[:：]\s*/i, "")
    .replace(/^["'“”‘’«»「『《]+|["'“”‘’«»」』》.。]+$/gu, "")
    .replace(/\s+/g, " ")
    .trim();
  if (others.some((other) => other.trim()) || !/\p{L}/u.test(words)) return null;
  return [...graphemes(words)].length <= LONGEST ? words : null;
}

export const TITLE_REQUEST = "Write a title for this conversation: at most six words, in its language, nothing else.";

function partByFences(lines: readonly string[]): [string[], string[]] {
  const prose: string[] = [];
  const code: string[] = [];
  let fence = "";
  for (const line of lines) {
    const marks = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
    if (fence === "" && marks) fence = marks;
    else if (fence !== "" && marks.startsWith(fence)) fence = "";
    else (fence ? code : prose).push(line);
  }
  return [prose, code];
}

function plainLine(line: string): string {
  return MARKS.reduce((text, [pattern, kept]) => text.replace(pattern, kept), line);
}

/** At most LONGEST characters, cut between words where there are any; an emoji is one character. */
function shorten(line: string): string {
  const characters = graphemes(line);
  if (characters.length <= LONGEST) return line;
  const cut = characters.slice(0, LONGEST).join("");
  const space = cut.lastIndexOf(" ");
  return `${space > cut.length / 2 ? cut.slice(0, space) : cut}…`;
}

function graphemes(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}
