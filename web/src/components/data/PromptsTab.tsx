import { addPrompt, changePrompt, deletePrompt, listPrompts } from "../../api/assistant/personal";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { SureButton } from "./SureButton";
import { useClient } from "./useClient";
import { useLoaded } from "./useLoaded";

const NAME = "[\\p{L}\\p{N}_][\\p{L}\\p{N}_\\-]*";

/** The prompt library: what the composer offers after a slash. */
export function PromptsTab() {
  const client = useClient();
  const { value: prompts, act } = useLoaded(() => listPrompts(client));
  return (
    <section>
      <p>{t("data.promptsHelp")}</p>
      <ul class="rows tall">
        {prompts?.map(({ id, name, text }) => (
          <li key={id}>
            <input
              type="text"
              aria-label={t("data.promptName")}
              required
              pattern={NAME}
              maxLength={64}
              value={name}
              onChange={({ currentTarget: field }) => field.reportValidity() && void act(() => changePrompt(client, id, { name: field.value })).then((done) => !done && (field.value = name))}
            />
            <SureButton label={t("data.deleteForever")} name={t("data.promptDelete", { name })} run={() => void act(() => deletePrompt(client, id))} />
            <textarea
              rows={3}
              dir="auto"
              aria-label={`${t("data.promptText")}: ${name}`}
              value={text}
              onChange={({ currentTarget: field }) => field.value.trim() && void act(() => changePrompt(client, id, { text: field.value }))}
            />
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const fields = new FormData(form);
          void act(() => addPrompt(client, { name: String(fields.get("name")), text: String(fields.get("text")) })).then((done) => done && form.reset());
        }}
      >
        <h3>{t("data.promptNew")}</h3>
        <label>
          <span>{t("data.promptName")}</span>
          <input type="text" name="name" required pattern={NAME} maxLength={64} />
        </label>
        <label>
          <span>{t("data.promptText")}</span>
          <textarea name="text" rows={3} required dir="auto" />
        </label>
        <button type="submit" class="button">
          {t("data.add")}
        </button>
      </form>
    </section>
  );
}
