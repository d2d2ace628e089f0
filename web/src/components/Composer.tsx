import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { nodes, t } from "../i18n";
import { composerControls } from "./composer";
import { useApp } from "./context";
import { FileChips } from "./FileChips";
import { UploadChips } from "./files/UploadChips";
import { Icon } from "./Icon";
import { lazy } from "./lazy";
import { QueueChips } from "./QueueChips";
import { fitHeight } from "./textarea";
import { ThinkingControl } from "./ThinkingControl";

const PictureNote = lazy(() => import("./files/PictureNote").then((module) => module.PictureNote));
const DictateButton = "SpeechRecognition" in globalThis ? lazy(() => import("./speech/DictateButton").then((module) => module.DictateButton)) : null;

interface Props {
  readonly chat: string | null;
  readonly busy: boolean;
}

/** Where the reader writes: Enter sends, or lets the message wait while an answer comes; Shift+Enter breaks the line. */
export function Composer({ chat, busy }: Props) {
  const app = useApp();
  const area = useRef<HTMLTextAreaElement>(null);
  const { text, files } = app.drafts.of(chat).value;
  const empty = text.trim() === "" && files.length === 0;
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) area.current?.focus(); // on a phone the keyboard would jump up
  }, [chat]);
  useLayoutEffect(() => {
    if (area.current) fitHeight(area.current);
  }, [text, chat]);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        app.send();
      }}
    >
      <QueueChips chat={chat} busy={busy} />
      <UploadChips chat={chat} />
      <FileChips files={files} remove={(file) => app.drafts.change(chat, { files: files.filter((other) => other !== file) })} />
      {files.length > 0 && <PictureNote chat={chat} files={files} />}
      <textarea
        ref={area}
        rows={1}
        placeholder={t("chat.placeholder")}
        aria-label={t("chat.message")}
        enterkeyhint="send"
        value={text}
        onInput={(event) => app.drafts.change(chat, { text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey) return;
          event.preventDefault();
          app.send();
        }}
      />
      <div class="composer-row">
        <ThinkingControl chat={chat} />
        {composerControls.map(({ name, component: Control }) => (
          <Control key={name} chat={chat} />
        ))}
        {DictateButton && <DictateButton />}
        <span class="keys">{nodes("chat.keys", { enter: <kbd>Enter</kbd>, shiftEnter: <kbd>Shift Enter</kbd> })}</span>
        {busy && empty ? (
          <button type="button" class="send" aria-label={t("chat.stop")} title={t("chat.stopTitle")} onClick={() => void app.actions.stop()}>
            <span class="stop-square" aria-hidden="true" />
          </button>
        ) : (
          <button type="submit" class="send" aria-label={busy ? t("chat.queue") : t("chat.send")} title={busy ? t("chat.queueTitle") : t("chat.sendTitle")}>
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
