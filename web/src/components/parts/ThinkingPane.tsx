import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Message, ThinkingPart } from "../../api/assistant/types";
import { formatDuration, formatNumber, formatRate, t } from "../../i18n";
import { Markdown } from "../../markdown/Markdown";
import { isMoving } from "../../state/message";
import { useApp } from "../context";
import { Icon } from "../Icon";
import { GrowingText } from "./GrowingText";
import type { PartProps } from "./index";
import { ThoughtEditor } from "./ThoughtEditor";

/**
 * bounded: in a pane with its own scroll, while the model thinks and after it as long as the reader may look at it.
 * open: as long as the thought is, because the reader opened it. folded: only its head.
 */
type Shape = "bounded" | "open" | "folded";

/**
 * What the model thought. While it thinks the pane shows the end of the thought, unless the reader scrolled up in it.
 * Afterwards it folds once it is out of sight, so that nothing moves which the reader looks at.
 */
export function ThinkingPane({ part, message, position, streaming }: PartProps<ThinkingPart>) {
  const { actions } = useApp();
  const active = streaming && part.ms === null;
  const [shape, setShape] = useState<Shape>(active ? "bounded" : "folded");
  const [editing, setEditing] = useState(false);
  const pane = useRef<HTMLDivElement>(null);
  const touched = useRef(false); // the reader scrolled in it or pressed its head: it is no longer folded by itself
  useFoldOutOfSight(pane, shape === "bounded" && !active, touched, () => setShape("folded"));
  const id = `thinking-${message.id}-${position}`;
  const toggle = () => {
    touched.current = true;
    setShape(shape === "folded" ? (active ? "bounded" : "open") : "folded");
  };
  return (
    <div class={active ? "thinking active" : "thinking"} role="group" aria-label={t("chat.thinking")} ref={pane}>
      <div class="thinking-row">
        <button type="button" class="thinking-head" aria-expanded={shape !== "folded"} aria-controls={id} onClick={toggle}>
          <Icon name="think" size={16} />
          <span>{active ? <Elapsed message={message} position={position} /> : thoughtFor(part.ms)}</span>
          <Tokens message={message} active={active} />
          <span class="turn">
            <Icon name="chevron" size={14} />
          </span>
        </button>
        {active && (
          <button type="button" class="text-button" title={t("chat.answerNowTitle")} onClick={() => void actions.answerNow(message)}>
            {t("chat.answerNow")}
          </button>
        )}
        {shape !== "folded" && !isMoving(message) && !editing && (
          <button type="button" class="text-button" title={t("chat.editThoughtTitle")} onClick={() => setEditing(true)}>
            {t("chat.editThought")}
          </button>
        )}
      </div>
      <div id={id} class={`thinking-text ${shape}`} hidden={shape === "folded"}>
        {editing ? (
          <ThoughtEditor message={message} text={part.text} done={() => setEditing(false)} />
        ) : shape === "bounded" ? (
          <GrowingText text={part.text} label={t("chat.thinking")} onScrollUp={() => (touched.current = true)} />
        ) : (
          shape === "open" && <Markdown text={part.text} streaming={active} />
        )}
      </div>
    </div>
  );
}

/** Folds what the reader no longer sees. Where the rest of the same message is in sight, the scroll makes up for it. */
function useFoldOutOfSight(pane: { readonly current: HTMLElement | null }, may: boolean, touched: { readonly current: boolean }, fold: () => void): void {
  const before = useRef<{ scroller: Element; height: number } | null>(null);
  useEffect(() => {
    const element = pane.current;
    const scroller = element?.closest(".transcript");
    if (!may || !element || !scroller) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (touched.current || entries.at(-1)?.isIntersecting !== false) return;
        const above = element.getBoundingClientRect().bottom <= scroller.getBoundingClientRect().top;
        const partly = (element.closest(".message")?.getBoundingClientRect().bottom ?? 0) > scroller.getBoundingClientRect().top;
        before.current = above && partly ? { scroller, height: element.offsetHeight } : null;
        fold();
      },
      { root: scroller },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [may]);
  useLayoutEffect(() => {
    const place = before.current;
    before.current = null;
    if (place && pane.current) place.scroller.scrollTop -= place.height - pane.current.offsetHeight;
  });
}

/** How long it has thought, by the server's clock: in all, without the thoughts before. */
function Elapsed({ message, position }: { readonly message: Message; readonly position: number }) {
  const { client } = useApp();
  const now = () => client.serverNow();
  const [time, setTime] = useState(now);
  const reported = message.usage?.elapsed_ms;
  const begin = useMemo(() => (reported === undefined ? message.created : now() - reported), [reported, message.created]);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const earlier = message.parts.slice(0, position).reduce((sum, part) => sum + ("ms" in part ? (part.ms ?? 0) : 0), 0);
  const seconds = Math.floor((time - begin - earlier) / 1000);
  return (
    <>
      {t("chat.thinkingNow")}
      {seconds > 0 && <span class="elapsed"> {formatDuration(seconds)}</span>}
    </>
  );
}

/** How many tokens were thought, how fast while they are, and what they cost, where that is known. */
function Tokens({ message, active }: { readonly message: Message; readonly active: boolean }) {
  const { usage } = message;
  const count = active ? usage?.completion_tokens : usage?.completion_tokens_details?.reasoning_tokens;
  if (!count || message.parts.filter(({ type }) => type === "thinking").length > 1) return null;
  const rate = usage?.tokens_per_second;
  const cost = usage?.cost;
  return (
    <span class="elapsed">
      {t("chat.tokens", { count })}
      {active && typeof rate === "number" && ` · ${t("chat.tokensPerSecond", { rate: formatRate(rate) })}`}
      {typeof cost === "number" && ` · ${formatCost(cost)}`}
    </span>
  );
}

export function formatCost(dollars: number): string {
  return formatNumber(dollars, { style: "currency", currency: "USD", maximumSignificantDigits: 2 });
}

export function thoughtFor(ms: number | null): string {
  return ms === null ? t("chat.thought") : t("chat.thoughtFor", { duration: formatDuration(Math.max(1, Math.round(ms / 1000))) });
}
