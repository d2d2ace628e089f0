import { addMemory, changeMemory, changePreferences, deleteMemory, getPreferences, listMemories } from "../../api/assistant/personal";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { SureButton } from "./SureButton";
import { useClient } from "./useClient";
import { useLoaded } from "./useLoaded";

/** What the assistant knows of the reader: to read, to edit, to forget. */
export function MemoryTab() {
  const client = useClient();
  const { value, act } = useLoaded(async () => ({ memories: await listMemories(client), preferences: await getPreferences(client) }));
  if (!value) return null;
  const { memories, preferences } = value;
  return (
    <section>
      <p>{t("data.memoryHelp")}</p>
      <label class="check">
        <input type="checkbox" checked={preferences.memory} onChange={({ currentTarget }) => void act(() => changePreferences(client, { memory: currentTarget.checked }))} />
        <span>{t("data.memoryUse")}</span>
      </label>
      {memories.length === 0 && <p>{t("data.memoryNone")}</p>}
      <ul class="rows">
        {memories.map(({ id, text }) => (
          <li key={id}>
            <input
              type="text"
              dir="auto"
              aria-label={t("data.memoryEdit")}
              maxLength={2000}
              value={text}
              onChange={({ currentTarget }) => {
                if (currentTarget.value.trim()) void act(() => changeMemory(client, id, currentTarget.value));
                else currentTarget.value = text;
              }}
            />
            <SureButton label={t("data.forget")} name={`${t("data.forget")}: ${text}`} run={() => void act(() => deleteMemory(client, id))} />
          </li>
        ))}
      </ul>
      <form
        class="entry"
        onSubmit={(event) => {
          event.preventDefault();
          const field = event.currentTarget.elements.namedItem("text") as HTMLInputElement;
          if (!field.value.trim()) return;
          void act(() => addMemory(client, field.value)).then((done) => done && (field.value = ""));
        }}
      >
        <input type="text" name="text" dir="auto" maxLength={2000} aria-label={t("data.memoryNew")} placeholder={t("data.memoryNew")} />
        <button type="submit" class="button">
          {t("data.add")}
        </button>
      </form>
      {memories.length > 1 && <SureButton label={t("data.forgetAll")} run={() => void act(() => deleteMemory(client))} />}
    </section>
  );
}
