import { useEffect, useRef } from "preact/hooks";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { isComposing } from "./keys";
import { fitHeight } from "./textarea";
import { nodes, t } from "../i18n";

interface Props {
  readonly conversation: string | null;
  readonly busy: boolean;
  send(text: string): void;
}

/** Where the reader writes: Enter sends, Shift+Enter breaks the line, Escape stops. */
export function Composer({ conversation, busy, send }: Props) {
  const app = useApp();
  const area = useRef<HTMLTextAreaElement>(null);
  const { capabilities } = app.model.state.value;
  const { thinking } = app.settings.current.value;
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) area.current?.focus(); // on a phone the keyboard would jump up
  }, [conversation]);

  const submit = () => {
    const element = area.current;
    const text = element?.value.trim() ?? "";
    if (!element || !text || busy) return;
    element.value = "";
    fitHeight(element);
    send(text);
  };
  const stop = () => conversation !== null && app.answers.stop(conversation);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={area}
        rows={1}
        placeholder={t("chat.placeholder")}
        aria-label={t("chat.message")}
        enterkeyhint="send"
        onInput={(event) => fitHeight(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
          event.preventDefault();
          submit();
        }}
      />
      <div class="composer-row">
        {capabilities.thinking && (
          <button
            type="button"
            class="pill"
            aria-pressed={thinking}
            title={t("chat.deepThinkTitle")}
            onClick={() => app.settings.change({ thinking: !thinking })}
          >
            <Icon name="think" size={16} /> {t("chat.deepThink")}
          </button>
        )}
        <span class="keys">
          {nodes("chat.keys", { enter: <kbd key="enter">Enter</kbd>, shiftEnter: <kbd key="shiftEnter">Shift Enter</kbd> })}
        </span>
        {busy ? (
          <button type="button" class="send" aria-label={t("chat.stop")} title={t("chat.stopTitle")} onClick={stop}>
            <span class="stop-square" aria-hidden="true" />
          </button>
        ) : (
          <button type="submit" class="send" aria-label={t("chat.send")} title={t("chat.sendTitle")}>
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
