import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import type { Phrase } from "../../../src/i18n/catalog";
import de from "../../../src/i18n/de";
import es from "../../../src/i18n/es";
import fr from "../../../src/i18n/fr";
import zh from "../../../src/i18n/zh";
import { sources } from "./sources";

type Loaded = Readonly<Record<string, Phrase>>;

const AREAS = new URL("../../../src/i18n/en/", import.meta.url);
const areas: Readonly<Record<string, Loaded>> = Object.fromEntries(
  await Promise.all(
    readdirSync(AREAS).map(async (file) => [file.replace(/\.ts$/, ""), ((await import(new URL(file, AREAS).href)) as { default: Loaded }).default] as const),
  ),
);
const english: Loaded = Object.assign({}, ...Object.values(areas));
const code = sources().filter(({ file }) => !file.startsWith("i18n/"));
const eager = sources().find(({ file }) => file === "i18n/index.ts")?.text ?? "";

const forms = (phrase: Phrase | undefined): string[] => (typeof phrase === "string" ? [phrase] : Object.values(phrase ?? {}));
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].toSorted();
const used = new Set(code.flatMap(({ text }) => text.match(/"[a-z]\w*\.\w[\w.]*"/gi) ?? []).map((literal) => literal.slice(1, -1)));

/** What begins a key whose end is computed: `models.state.${state}`. */
const begun = code.flatMap(({ text }) => text.match(/`[a-z]+\.(?:\w+\.)*\$\{/g) ?? []).map((literal) => literal.slice(1, -2));

it("names each key after its area", () => {
  for (const [area, phrases] of Object.entries(areas)) {
    for (const key of Object.keys(phrases)) expect(key.split(".")[0]).toBe(area);
  }
});

it("uses every text", () => {
  expect(Object.keys(english).filter((key) => !used.has(key) && !begun.some((start) => key.startsWith(start)))).toEqual([]);
});

it("loads the areas that a module speaks from", () => {
  const missing = code.flatMap(({ file, text }) => {
    const spoken = Object.keys(areas).filter((area) => new RegExp(`"${area}\\.[\\w.]+"`).test(text.replace(/^import .*$/gm, "")));
    return spoken
      .filter((area) => Object.keys(areas[area] ?? {}).some((key) => text.includes(`"${key}"`)))
      .filter((area) => !eager.includes(`"./en/${area}"`) && !text.includes(`i18n/en/${area}"`))
      .map((area) => `${file} imports no i18n/en/${area}`);
  });
  expect(missing).toEqual([]);
});

it("is complete in Chinese", () => {
  expect(Object.keys(zh).toSorted()).toEqual(Object.keys(english).toSorted());
});

it.each(Object.entries({ zh, de, es, fr } as unknown as Record<string, Loaded>))("has the same placeholders in %s", (_, catalog) => {
  for (const [key, phrase] of Object.entries(catalog)) {
    const allowed = forms(english[key]).map(placeholders);
    for (const form of forms(phrase)) {
      const named = placeholders(form);
      expect(allowed.some((names) => names.join() === named.join()) || named.join() === placeholders(forms(english[key]).at(-1) ?? "").join(), key).toBe(true);
    }
  }
});

it.each(Object.entries({ en: english, zh, de, es, fr } as unknown as Record<string, Loaded>))("has the plural forms of %s", (tag, catalog) => {
  const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
  for (const [key, phrase] of Object.entries(catalog)) {
    if (typeof phrase === "string") continue;
    for (const form of Object.keys(phrase)) expect(categories, `${key}: ${form}`).toContain(form);
    expect(phrase.other, key).toContain("{count}");
  }
});
