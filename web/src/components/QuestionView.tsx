import { useEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../api/assistant/types";
import { t } from "../i18n";
import { filesOf, textOf } from "../state/message";
import { CopyButton } from "./CopyButton";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { PartView } from "./parts";
import { fitHeight } from "./textarea";
import { Versions } from "./Versions";

/** What the reader wrote, as it was written: no Markdown. */
export function QuestionView({ message }: { readonly message: Message }) {
  const [editing, setEditing] = useState(false);
  if (editing) return <Edit message={message} done={() => setEditing(false)} />;
  const text = textOf(message);
  return (
    <article class="question">
      <h2 class="sr-only">{t("chat.you")}</h2>
      {message.parts.map((part, position) => part.type === "file" && <PartView key={position} part={part} message={message} position={position} streaming={false} />)}
      {text && <div class="bubble">{text}</div>}
      <div class="actions">
        <Versions message={message} />
        <CopyButton text={text} label={t("chat.copyMessage")} />
        <button type="button" class="icon-button small" aria-label={t("chat.editMessage")} title={t("chat.editMessage")} onClick={() => setEditing(true)}>
          <Icon name="edit" size={16} />
        </button>
      </div>
    </article>
  );
}

function Edit({ message, done }: { readonly message: Message; done(): void }) {
  const app = useApp();
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    fitHeight(element);
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, []);
  const send = () => {
    const text = area.current?.value.trim() ?? "";
    if (!text) return;
    done();
    void app.actions.edit(message, text, filesOf(message));
  };
  return (
    <form
      class="question editing"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        aria-label={t("chat.editMessage")}
        rows={1}
        defaultValue={textOf(message)}
        onInput={(event) => fitHeight(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            done();
          } else if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div class="buttons">
        <button type="button" class="button" onClick={done}>
          {t("chat.cancel")}
        </button>
        <button type="submit" class="button primary">
          {t("chat.send")}
        </button>
      </div>
    </form>
  );
}
