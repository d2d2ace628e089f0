/** An answer as it is read aloud: its sentences, without what is not meant for the ear (code, formulae, addresses). */

import type { Token, Tokens } from "marked";
import { decodeEntities } from "./entities";
import { lex } from "./lexer";

/** The sentences of a text, in order; a heading and an item of a list are sentences of their own. */
export function sentencesOf(text: string, language: string): string[] {
  const segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
  return lex(text)
    .flatMap(passages)
    .map((passage) => passage.replace(/\s+/g, " ").trim())
    .flatMap((passage) => [...segmenter.segment(passage)].map(({ segment }) => segment.trim()))
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

function passages(token: Token): string[] {
  const { type } = token;
  if (type === "paragraph" || type === "heading" || (type === "text" && "tokens" in token)) return [inlineText(token.tokens ?? [])];
  if (type === "text") return [(token as Tokens.Text).text];
  if (type === "list") return (token as Tokens.List).items.flatMap(({ tokens }) => tokens.flatMap(passages));
  if (type === "table") return (token as Tokens.Table).rows.map((row) => row.map(({ tokens }) => inlineText(tokens)).join(", "));
  if (type === "blockquote" || type === "details") return (token.tokens ?? []).flatMap(passages);
  return [];
}

function inlineText(tokens: readonly Token[]): string {
  return tokens.map(inlineWords).join("");
}

function inlineWords(token: Token): string {
  if (token.type === "math" || token.type === "noteRef" || token.type === "html" || token.type === "image") return " ";
  if (token.type === "br") return " ";
  if (token.type === "codespan") return /^[\p{L}\p{N}_ .-]{1,40}$/u.test((token as Tokens.Codespan).text) ? (token as Tokens.Codespan).text : " ";
  if (token.type === "link" && /^https?:/.test((token as Tokens.Link).text)) return " ";
  if ("tokens" in token && token.tokens) return inlineText(token.tokens);
  return "text" in token ? decodeEntities((token as Tokens.Text).text) : "";
}

const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, "ja"],
  [/\p{Script=Hangul}/gu, "ko"],
  [/\p{Script=Han}/gu, "zh"],
  [/\p{Script=Cyrillic}/gu, "ru"],
  [/\p{Script=Arabic}/gu, "ar"],
  [/\p{Script=Hebrew}/gu, "he"],
  [/\p{Script=Greek}/gu, "el"],
  [/\p{Script=Devanagari}/gu, "hi"],
  [/\p{Script=Thai}/gu, "th"],
];

/** The language of a text by its script, of which a fifth of the letters must be; else `fallback`. */
export function languageOf(text: string, fallback: string): string {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  return SCRIPTS.find(([script]) => (text.match(script)?.length ?? 0) * 5 > letters)?.[1] ?? fallback;
}
