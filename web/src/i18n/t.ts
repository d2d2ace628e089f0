/** Texts in the reader's language: `t("chat.send")`, `t("chat.tokens", { count: 3 })`. */

import type { English, Key, Phrase } from "./catalog";
import { formatNumber } from "./format";
import { language } from "./language";

type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type Forms<P> = P extends string ? P : P[keyof P];
type Named<K extends Key, Value> = { readonly [N in Placeholders<Forms<English[K]>>]: Value };
/** What a text takes: nothing, or an object with a value for each of its placeholders. */
type Params<K extends Key, Value> = [Placeholders<Forms<English[K]>>] extends [never] ? [] : [Named<K, Value>];

/** The texts that take nothing. */
export type PlainKey = { [K in Key]: [Placeholders<Forms<English[K]>>] extends [never] ? K : never }[Key];

/** The text of a key. Numbers are written as the language writes them; `count` chooses the plural form. */
export function t<K extends Key>(key: K, ...params: Params<K, string | number>): string {
  return nodes<K, never>(key, ...(params as Params<K, string | number>)).join("");
}

/** The same, with anything in the place of a placeholder, such as an element; the pieces of the text in order. */
export function nodes<K extends Key, Node>(key: K, ...params: Params<K, string | number | Node>): (string | Node)[] {
  const values: Readonly<Record<string, string | number | Node>> = params[0] ?? {};
  return form(language.value.phrase(key), values["count"])
    .split(/\{(\w+)\}/)
    .map((piece, index) => {
      const value = index % 2 === 1 ? values[piece] : piece;
      return typeof value === "number" ? formatNumber(value) : (value ?? `{${piece}}`);
    });
}

function form(phrase: Phrase, count: unknown): string {
  if (typeof phrase === "string") return phrase;
  return phrase[rules().select(typeof count === "number" ? count : 0)] ?? phrase.other;
}

function rules(): Intl.PluralRules {
  const { tag } = language.value;
  pluralRules ??= { tag, rules: new Intl.PluralRules(tag) };
  if (pluralRules.tag !== tag) pluralRules = { tag, rules: new Intl.PluralRules(tag) };
  return pluralRules.rules;
}

let pluralRules: { readonly tag: string; readonly rules: Intl.PluralRules } | null = null;
