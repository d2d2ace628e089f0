import { useApp } from "../context";
import { keyField } from "../keyField";
import { ThemeSwitch } from "../ThemeSwitch";

/** System prompt, sampling, key and theme. */
export function GeneralTab() {
  const app = useApp();
  const { systemPrompt, temperature, maxTokens } = app.settings.current.value;
  const key = app.access.key.value;
  return (
    <>
      <label>
        <span>System prompt</span>
        <textarea
          rows={4}
          placeholder="How Fathom should answer, in every chat"
          value={systemPrompt}
          onInput={(event) => app.settings.change({ systemPrompt: event.currentTarget.value })}
        />
      </label>
      <div class="pair">
        <label>
          <span>Temperature</span>
          <input
            type="number"
            inputMode="decimal"
            min={0}
            max={2}
            step={0.1}
            placeholder="model's own"
            value={temperature ?? ""}
            onChange={(event) => app.settings.change({ temperature: bounded(event.currentTarget.value, 0, 2) })}
          />
          <small>0 is exact, 2 is wild.</small>
        </label>
        <label>
          <span>Maximum answer length</span>
          <input
            type="number"
            inputMode="numeric"
            min={1}
            step={1}
            placeholder="no limit"
            value={maxTokens ?? ""}
            onChange={(event) => app.settings.change({ maxTokens: whole(bounded(event.currentTarget.value, 1, 1_000_000)) })}
          />
          <small>In tokens; thinking counts.</small>
        </label>
      </div>
      <div class="key">
        <label>
          <span>API key</span>
          <input
            {...keyField}
            placeholder="none"
            value={key ?? ""}
            onChange={({ currentTarget: field }) => field.reportValidity() && app.access.change(field.value)}
          />
          <small>Only for a server that requires one.</small>
        </label>
        {key !== null && (
          <button type="button" class="text-button" onClick={() => app.access.change("")}>
            Remove key
          </button>
        )}
      </div>
      <div class="setting">
        <span>Chats</span>
        <label class="button import">
          Import a JSON file
          <input
            type="file"
            class="sr-only"
            accept=".json,application/json"
            onChange={({ currentTarget: { files } }) => void files?.[0]?.text().then((text) => app.import(text))}
          />
        </label>
      </div>
      <div class="setting">
        <span>Theme</span>
        <ThemeSwitch />
      </div>
      <p class="hint">Chats and settings are kept in this browser only.</p>
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
