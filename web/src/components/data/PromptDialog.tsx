import type { Prompt } from "../../api/assistant/personal";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import type { DialogProps } from "../dialogs";
import { fill } from "./variables";

/** Asks for the values of a prompt's variables, and puts the text into the message. */
export function PromptDialog({ chat, prompt, close }: DialogProps) {
  const app = useApp();
  const { name, text, variables } = prompt as Prompt;
  return (
    <Dialog title={`/${name}`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const fields = new FormData(event.currentTarget);
          app.drafts.change(chat as string | null, { text: fill(text, (variable) => String(fields.get(variable) ?? "")) });
          close();
        }}
      >
        {variables.map((variable, index) => (
          <label key={variable}>
            <span>{t("data.promptFill", { name: variable })}</span>
            <textarea name={variable} rows={2} dir="auto" required autofocus={index === 0} />
          </label>
        ))}
        <button type="submit" class="button primary">
          {t("data.promptInsert")}
        </button>
      </form>
    </Dialog>
  );
}
