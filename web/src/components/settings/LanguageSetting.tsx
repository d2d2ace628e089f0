import { LANGUAGES, isLanguageChoice, preferredLanguage, t } from "../../i18n";
import "../../i18n/en/settings";
import { useApp } from "../context";

const COMPLETE: ReadonlySet<string> = new Set(["en", "zh"]);

/** The language of the page: as the browser has it, or one of those on offer, each under its own name. */
export function LanguageSetting() {
  const { settings } = useApp();
  const { language: chosen } = settings.current.value;
  const own = preferredLanguage(navigator.languages);
  const spoken = chosen === "system" ? own : chosen;
  return (
    <div class="setting language">
      <label>
        <span>{t("settings.language")}</span>
        <select
          value={chosen}
          onChange={({ currentTarget: { value } }) => isLanguageChoice(value) && settings.change({ language: value })}
        >
          <option value="system">{t("settings.languageSystem", { language: LANGUAGES[own] })}</option>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {!COMPLETE.has(spoken) && <small>{t("settings.languagePartial")}</small>}
    </div>
  );
}
