import { useEffect, useRef } from "preact/hooks";
import type { Message } from "../../api/assistant/types";
import { t } from "../../i18n";
import { useApp } from "../context";
import { fitHeight } from "../textarea";

interface Props {
  readonly message: Message;
  readonly text: string;
  done(): void;
}

/** The thought as text. The model goes on from where the reader leaves it, in a new version of the answer. */
export function ThoughtEditor({ message, text, done }: Props) {
  const { actions } = useApp();
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    fitHeight(element);
    element.focus({ preventScroll: true });
    element.setSelectionRange(element.value.length, element.value.length);
  }, []);
  return (
    <form
      class="thought-editor"
      onSubmit={(event) => {
        event.preventDefault();
        done();
        void actions.continue(message, area.current?.value ?? text);
      }}
    >
      <textarea
        ref={area}
        aria-label={t("chat.editThought")}
        defaultValue={text}
        onInput={(event) => fitHeight(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          done();
        }}
      />
      <p class="hint">{t("chat.editThoughtHelp")}</p>
      <div class="buttons">
        <button type="button" class="button" onClick={done}>
          {t("chat.cancel")}
        </button>
        <button type="submit" class="button primary">
          {t("chat.continueThought")}
        </button>
      </div>
    </form>
  );
}
