import { t } from "../../i18n";
import "../../i18n/en/settings";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../context";
import { keyField } from "../keyField";
import { ThemeSwitch } from "../ThemeSwitch";
import { LanguageSetting } from "./LanguageSetting";

/** System prompt, sampling, key and theme. */
export function GeneralTab() {
  const app = useApp();
  const { temperature, maxTokens } = app.settings.current.value;
  const key = app.access.key.value;
  return (
    <>
      <Instructions />
      <div class="pair">
        <label>
          <span>{t("settings.temperature")}</span>
          <input
            type="number"
            inputMode="decimal"
            min={0}
            max={2}
            step={0.1}
            placeholder={t("settings.modelsOwn")}
            value={temperature ?? ""}
            onChange={(event) => app.settings.change({ temperature: bounded(event.currentTarget.value, 0, 2) })}
          />
          <small>{t("settings.temperatureHelp")}</small>
        </label>
        <label>
          <span>{t("settings.length")}</span>
          <input
            type="number"
            inputMode="numeric"
            min={1}
            step={1}
            placeholder={t("settings.noLimit")}
            value={maxTokens ?? ""}
            onChange={(event) => app.settings.change({ maxTokens: whole(bounded(event.currentTarget.value, 1, 1_000_000)) })}
          />
          <small>{t("settings.lengthHelp")}</small>
        </label>
      </div>
      <div class="key">
        <label>
          <span>{t("settings.key")}</span>
          <input
            {...keyField()}
            placeholder={t("settings.none")}
            value={key ?? ""}
            onChange={({ currentTarget: field }) => field.reportValidity() && app.access.change(field.value)}
          />
          <small>{t("settings.keyHelp")}</small>
        </label>
        {key !== null && (
          <button type="button" class="text-button" onClick={() => app.access.change("")}>
            {t("settings.removeKey")}
          </button>
        )}
      </div>
      <div class="setting">
        <span>{t("settings.chats")}</span>
        <label class="button import">
          {t("settings.import")}
          <input
            type="file"
            class="sr-only"
            accept=".json,.zip,application/json,application/zip"
            onChange={({ currentTarget: { files } }) => files?.[0] && void app.actions.import(files[0])}
          />
        </label>
      </div>
      <div class="setting">
        <span>{t("sidebar.theme")}</span>
        <ThemeSwitch />
      </div>
      <LanguageSetting />
      <p class="hint">{t("settings.kept")}</p>
    </>
  );
}

/** A number typed by hand, moved into its bounds; null where there is none. */
function bounded(text: string, low: number, high: number): number | null {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : null;
}

function whole(value: number | null): number | null {
  return value === null ? null : Math.floor(value);
}

/** What every answer is asked to heed: kept by the server, for all of the reader's browsers. */
function Instructions() {
  const { actions, client } = useApp();
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    client.json<{ custom_instructions: string | null }>("api/preferences").then(
      ({ custom_instructions }) => setText(custom_instructions ?? ""),
      () => undefined, // the banner says that the server is away
    );
  }, []);
  return (
    <label>
      <span>{t("settings.systemPrompt")}</span>
      <textarea
        rows={4}
        placeholder={t("settings.systemPromptHint")}
        disabled={text === null}
        value={text ?? ""}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => void actions.setPreferences({ custom_instructions: event.currentTarget.value })}
      />
    </label>
  );
}
