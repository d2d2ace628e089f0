/** Which language the page speaks: the reader's choice, else the browser's first that there is. */

import { signal, type ReadonlySignal } from "@preact/signals";
import { englishPhrase, type Catalog, type Key, type Phrase } from "./catalog";

export interface Language {
  readonly tag: string; // BCP 47, for <html lang> and Intl
  readonly direction: "ltr" | "rtl";
  phrase(key: Key): Phrase;
}

/** Languages on offer, by the code that settings and preferences keep; each under its own name. */
export const LANGUAGES = { en: "English", zh: "简体中文", de: "Deutsch", es: "Español", fr: "Français" } as const;

export type LanguageCode = keyof typeof LANGUAGES;

/** `system`: as the browser has it. The last two are for tests: English, longer and mirrored. */
export type LanguageChoice = "system" | LanguageCode | "en-XA" | "ar-XB";

const english: Language = { tag: "en", direction: "ltr", phrase: englishPhrase };

const current = signal<Language>(english);

/** Whoever reads it in a component renders again when the language changes. */
export const language: ReadonlySignal<Language> = current;

const loaders: Readonly<Record<Exclude<LanguageChoice, "system" | "en">, () => Promise<Language>>> = {
  zh: async () => translated("zh-Hans", (await import("./zh")).default),
  de: async () => translated("de", (await import("./de")).default),
  es: async () => translated("es", (await import("./es")).default),
  fr: async () => translated("fr", (await import("./fr")).default),
  "en-XA": async () => (await import("./pseudo")).accented,
  "ar-XB": async () => (await import("./pseudo")).mirrored,
};

function translated(tag: string, catalog: Catalog): Language {
  return { tag, direction: "ltr", phrase: (key) => catalog[key] ?? englishPhrase(key) };
}

/**
 * Loads a language and shows the page in it. `wanted` are the browser's languages, in the reader's order. Where the
 * download fails, the page stays as it is.
 */
export async function speak(choice: LanguageChoice, wanted: readonly string[]): Promise<void> {
  const code = choice === "system" ? preferredLanguage(wanted) : choice;
  latest = code;
  const loaded = code === "en" ? english : await loaders[code]().catch(() => null);
  if (loaded && latest === code) current.value = loaded; // the reader may have chosen another one since
}

let latest = "en";

/** The first of the reader's languages that the page knows. Readers of Traditional Chinese get Simplified, not English. */
export function preferredLanguage(wanted: readonly string[]): LanguageCode {
  for (const tag of wanted) {
    const code = tag.toLowerCase().split("-")[0] ?? "";
    if (isLanguageCode(code)) return code;
  }
  return "en";
}

export function isLanguageCode(value: unknown): value is LanguageCode {
  return typeof value === "string" && Object.hasOwn(LANGUAGES, value);
}

export function isLanguageChoice(value: unknown): value is LanguageChoice {
  return value === "system" || value === "en-XA" || value === "ar-XB" || isLanguageCode(value);
}
