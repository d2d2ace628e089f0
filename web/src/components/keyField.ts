import { t } from "../i18n";
import "../i18n/en/settings";

/** What every field for an API key has: hidden as it is typed, and only what a header can carry. */
export function keyField() {
  return { type: "password", autocomplete: "off", spellcheck: false, pattern: "[ -~]+", title: t("settings.keyPattern") } as const;
}
