/**
 * Pseudo-locales for tests: English with accents and forty percent longer, so that what is cut off or not translated
 * shows; and the same from right to left. The tags are those of Unicode CLDR.
 */

import { englishPhrase, type Phrase } from "./catalog";
import type { Language } from "./language";

const LETTERS: Readonly<Record<string, string>> = Object.fromEntries(
  [..."AEIOUYaeiouycn"].map((letter, index) => [letter, [..."ÅÉÎÖÛÝåéîöûýçñ"][index] ?? letter]),
);

export function accent(text: string): string {
  const pieces = text.split(/(\{\w+\}|`[^`]*`)/); // placeholders and commands stay
  const changed = pieces.map((piece, index) => (index % 2 === 1 ? piece : piece.replace(/[A-Za-z]/g, (letter) => LETTERS[letter] ?? letter)));
  return `[${changed.join("")}${" ·".repeat(Math.ceil(text.length / 5))}]`;
}

function accentPhrase(phrase: Phrase): Phrase {
  if (typeof phrase === "string") return accent(phrase);
  return { other: "", ...Object.fromEntries(Object.entries(phrase).map(([form, text]: [string, string]) => [form, accent(text)])) };
}

export const accented: Language = { tag: "en-XA", direction: "ltr", phrase: (key) => accentPhrase(englishPhrase(key)) };

export const mirrored: Language = { ...accented, tag: "ar-XB", direction: "rtl" };
