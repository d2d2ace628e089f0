/** What the reader prefers, kept in the browser and shared by its tabs. */

import { signal, type ReadonlySignal } from "@preact/signals";
import type { ThinkingMode } from "../api/assistant/types";
import { isRecord } from "../api/errors";
import { isLanguageChoice, type LanguageChoice } from "../i18n";

export type Theme = "system" | "light" | "dark";

export interface Settings {
  readonly theme: Theme;
  readonly thinking: ThinkingMode; // of new chats: what was chosen last
  readonly temperature: number | null; // null: the model's own default
  readonly maxTokens: number | null;
  readonly language: LanguageChoice;
  readonly notificationsOffered: boolean; // they are offered once
  readonly sidebar: boolean; // open, on wide screens
}

export const SETTINGS_KEY = "fathom:settings"; // read by public/theme.js too

export const defaultSettings: Settings = {
  theme: "system",
  thinking: "high",
  temperature: null,
  maxTokens: null,
  language: "system",
  notificationsOffered: false,
  sidebar: true,
};

export class SettingsStore {
  readonly current: ReadonlySignal<Settings>;
  private readonly value = signal(defaultSettings);

  constructor(private readonly storage: Storage) {
    this.current = this.value;
    this.reload();
  }

  change(change: Partial<Settings>): void {
    this.value.value = { ...this.value.value, ...change };
    try {
      this.storage.setItem(SETTINGS_KEY, JSON.stringify(this.value.value));
    } catch {
      // full or switched off: the choice holds until the page closes, and drafts do too
    }
  }

  onStorage(key: string | null): void {
    if (key === null || key === SETTINGS_KEY) this.reload();
  }

  private reload(): void {
    this.value.value = parseSettings(this.storage.getItem(SETTINGS_KEY));
  }
}

/** Settings from their record; each field that is absent or damaged gets its default. */
export function parseSettings(text: string | null): Settings {
  let record: unknown = null;
  try {
    record = JSON.parse(text ?? "null");
  } catch {
    return defaultSettings;
  }
  if (!isRecord(record)) return defaultSettings;
  const { theme, thinking, temperature, maxTokens, language, notificationsOffered, sidebar } = record;
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    thinking: isThinkingMode(thinking) ? thinking : thinking === false ? "off" : defaultSettings.thinking,
    temperature: typeof temperature === "number" && temperature >= 0 && temperature <= 2 ? temperature : null,
    maxTokens: typeof maxTokens === "number" && maxTokens >= 1 ? Math.floor(maxTokens) : null,
    language: isLanguageChoice(language) ? language : defaultSettings.language,
    notificationsOffered: notificationsOffered === true,
    sidebar: typeof sidebar === "boolean" ? sidebar : defaultSettings.sidebar,
  };
}

function isThinkingMode(value: unknown): value is ThinkingMode {
  return value === "off" || value === "low" || value === "high" || value === "budget";
}
