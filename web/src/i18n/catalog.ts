/**
 * The page's own texts, by key. A key's first word names its area (`chat.send` is of the area `chat`), an area is one
 * file a language. The English areas are the source: keys and placeholders are typed from them.
 *
 * Areas of what is on the first screen load with the page; the module of a lazy dialog imports its own. The other
 * languages come as one chunk each, to those who read them.
 */

import type chat from "./en/chat";
import type data from "./en/data";
import type errors from "./en/errors";
import type files from "./en/files";
import type keys from "./en/keys";
import type model from "./en/model";
import type models from "./en/models";
import type settings from "./en/settings";
import type sidebar from "./en/sidebar";
import type text from "./en/text";
import type tools from "./en/tools";

/** A text with `{placeholders}`, or its forms by the number `count`, in the categories of the language (Unicode CLDR). */
export type Phrase = string | Plural;

export interface Plural {
  readonly zero?: string;
  readonly one?: string;
  readonly two?: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

export type English =
  typeof chat
  & typeof data
  & typeof errors
  & typeof files
  & typeof keys
  & typeof model
  & typeof models
  & typeof settings
  & typeof sidebar
  & typeof text
  & typeof tools;

export type Key = keyof English;

/** An area in another language: every key of the English one, and none else. */
export type Complete<Area> = { readonly [K in keyof Area]: Phrase };

/** A language that is being translated: what is missing is shown in English. */
export type Catalog = { readonly [K in Key]?: Phrase };

const english = new Map<string, Phrase>();

/** Adds an English area; each is registered by its own module, so that what is not loaded costs nothing. */
export function defineArea<const Area extends Readonly<Record<string, Phrase>>>(area: Area): Area {
  for (const [key, phrase] of Object.entries(area)) english.set(key, phrase);
  return area;
}

/** The English text; the key itself where its area is not loaded. */
export function englishPhrase(key: Key): Phrase {
  return english.get(key) ?? key;
}
