import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import type { Outgoing } from "../state/outbox";
import type { Thread } from "../state/thread";
import { Announcer } from "./Announcer";
import { Icon } from "./Icon";
import { MessageSlot } from "./MessageSlot";
import { OutgoingView } from "./OutgoingView";
import { Sizes } from "./sizes";

const NEAR = 80; // pixels from the end that still count as the end
const DRAWN_FIRST = 8; // messages at the end, with which a chat opens

interface Props {
  readonly thread: Thread;
  readonly outgoing: readonly Outgoing[]; // questions that the server does not have yet
}

/** The messages. Follows the answer as it grows, until the reader scrolls away; a button leads back. */
export function Transcript({ thread, outgoing }: Props) {
  const all = thread.messages.value;
  const branch = outgoing.find(({ parent }) => parent !== undefined)?.parent;
  const path = branch === undefined ? all : all.slice(0, all.findIndex((message) => message.peek().id === branch) + 1);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const lastTop = useRef(0);
  const lastHeight = useRef(0);
  const firstId = useRef<string | undefined>(undefined);
  const [away, setAway] = useState(false);
  const [sizes] = useState(() => new Sizes());
  const first = path[0]?.peek().id;
  const last = outgoing.at(-1)?.id ?? path.at(-1)?.peek().id;

  const toEnd = () => {
    const element = scroller.current;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop; // text that folds away moves the end up: that is not the reader
    lastHeight.current = element.scrollHeight;
  };
  useLayoutEffect(() => {
    follows.current = true; // a new message: show its end
    setAway(false);
    toEnd();
  }, [last]);
  useLayoutEffect(() => {
    const element = scroller.current;
    const before = firstId.current;
    firstId.current = first;
    if (!element || follows.current || before === undefined || before === first) return;
    if (path.some((message) => message.peek().id === before)) element.scrollTop += element.scrollHeight - lastHeight.current; // older ones came above
    lastTop.current = element.scrollTop;
    lastHeight.current = element.scrollHeight;
  }, [first]);
  useEffect(() => {
    const element = scroller.current;
    if (!element || !content.current) return;
    const settle = () => {
      if (follows.current) toEnd();
      lastTop.current = element.scrollTop;
      lastHeight.current = element.scrollHeight;
    };
    const detach = sizes.attach(element, settle);
    const observer = new ResizeObserver(settle); // of the whole: a phone's keyboard, what is sent
    for (const target of [content.current, element]) observer.observe(target);
    return () => {
      detach();
      observer.disconnect();
    };
  }, []);
  useOlder(thread);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (element.scrollTop < lastTop.current && left > 2) follows.current = false; // upwards: that was the reader
    else if (element.scrollTop > lastTop.current && left < NEAR) follows.current = true;
    lastTop.current = element.scrollTop;
    lastHeight.current = element.scrollHeight;
    setAway(left > NEAR && !follows.current);
  };
  return (
    <div class="scroll-place">
      <div class="transcript" ref={scroller} tabIndex={-1} onScroll={onScroll}>
        <div class="column" ref={content}>
          {path.map((message, index) => (
            <MessageSlot key={message.peek().id} message={message} last={index === path.length - 1} near={index >= path.length - DRAWN_FIRST} sizes={sizes} />
          ))}
          {outgoing.map((item) => (
            <OutgoingView key={item.id} chat={thread.id} item={item} />
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
      <Announcer thread={thread} />
    </div>
  );
}

/** Fetches the earlier messages while nothing else is to be done, so that the browser finds and prints all of the chat. */
function useOlder(thread: Thread): void {
  const older = thread.older.value;
  const count = thread.messages.value.length;
  useEffect(() => {
    if (!older || count === 0) return;
    const load = () => void thread.loadOlder().catch(() => undefined); // tried again when the chat is opened again
    if (typeof requestIdleCallback === "undefined") {
      const timer = setTimeout(load, 300);
      return () => clearTimeout(timer);
    }
    const handle = requestIdleCallback(load, { timeout: 1000 });
    return () => cancelIdleCallback(handle);
  }, [older, count]);
}
