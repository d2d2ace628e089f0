import { useComputed } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Step } from "../state/branches";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { MessageView } from "./MessageView";
import { t } from "../i18n";
import type { Message } from "../state/records";

const NEAR = 80; // pixels from the end that still count as the end

/** The messages. Follows the answer as it grows, until the reader scrolls away; a button leads back. */
export function Transcript({ conversation, path }: { readonly conversation: string; readonly path: readonly Step[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const lastId = path.at(-1)?.message.peek().id;

  const toEnd = () => {
    const element = scroller.current;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop; // text that folds away moves the end up: that is not the reader
  };
  useLayoutEffect(() => {
    follows.current = true; // another conversation or a new message: show its end
    setAway(false);
    toEnd();
  }, [conversation, lastId]);
  useEffect(() => {
    const observer = new ResizeObserver(() => follows.current && toEnd());
    for (const { current } of [content, scroller]) if (current) observer.observe(current); // a phone's keyboard shrinks the latter
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (element.scrollTop < lastTop.current && left > 2) follows.current = false; // upwards: that was the reader
    else if (element.scrollTop > lastTop.current && left < NEAR) follows.current = true;
    lastTop.current = element.scrollTop;
    setAway(left > NEAR && !follows.current);
  };
  return (
    <div class="scroll-place">
      <div class="transcript" ref={scroller} tabIndex={-1} onScroll={onScroll}>
        <div class="column" ref={content}>
          {path.map((step, index) => (
            <MessageView key={step.message.peek().id} step={step} last={index === path.length - 1} />
          ))}
        </div>
      </div>
      {away && (
        <button
          type="button"
          class="to-end"
          aria-label={t("chat.toEnd")}
          onClick={() => {
            follows.current = true;
            toEnd();
          }}
        >
          <Icon name="down" size={18} />
        </button>
      )}
      <Announcer path={path} />
    </div>
  );
}

/** Announces the state of the answer to screen readers, and reads it when it is complete: not token by token. */
function Announcer({ path }: { readonly path: readonly Step[] }) {
  const { library } = useApp();
  const moved = useRef<string | null>(null);
  const last = path.at(-1)?.message;
  const state = useComputed(() => {
    const message = last?.value;
    return message?.role === "assistant" ? message.status : null;
  });
  const message = last?.peek();
  let text = "";
  if (message && (state.value === "waiting" || state.value === "streaming")) {
    if (message.owner === library.tab) moved.current = message.id;
    text = t("chat.answering");
  } else if (message && moved.current === message.id) {
    text = announcement(message);
  }
  return (
    <div class="sr-only" role="status" aria-live="polite">
      {text}
    </div>
  );
}

function announcement({ status, text }: Message): string {
  if (status === "done") return t("chat.answered", { text });
  return t(status === "failed" ? "chat.endedFailed" : status === "stopped" ? "chat.endedStopped" : "chat.endedInterrupted");
}
