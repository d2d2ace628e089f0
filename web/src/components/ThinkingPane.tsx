import { useEffect, useState } from "preact/hooks";
import { Markdown } from "../markdown/Markdown";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { formatDuration, t } from "../i18n";

interface Props {
  readonly id: string;
  readonly text: string;
  readonly ms: number | null;
  readonly since: number | null; // when it began to think; null: it does not think any more
}

/** What the model thought. Open while it thinks, folded once it answers; the reader's own choice is kept. */
export function ThinkingPane({ id, text, ms, since }: Props) {
  const active = since !== null;
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? active;
  return (
    <div class={active ? "thinking active" : "thinking"} role="group" aria-label={t("chat.thinking")}>
      <button type="button" class="thinking-head" aria-expanded={open} aria-controls={`thinking-${id}`} onClick={() => setChosen(!open)}>
        <Icon name="think" size={16} />
        <span>{active ? <Elapsed since={since} /> : thoughtFor(ms)}</span>
        <span class="turn">
          <Icon name="chevron" size={14} />
        </span>
      </button>
      <div id={`thinking-${id}`} class="thinking-text" hidden={!open}>
        {open && <Markdown text={text} streaming={active} />}
      </div>
    </div>
  );
}

function Elapsed({ since }: { readonly since: number }) {
  const { clock } = useApp();
  const [now, setNow] = useState(clock.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(clock.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now - since) / 1000);
  return (
    <>
      {t("chat.thinkingNow")}
      {seconds > 0 && <span class="elapsed"> {formatDuration(seconds)}</span>}
    </>
  );
}

export function thoughtFor(ms: number | null): string {
  return ms === null ? t("chat.thought") : t("chat.thoughtFor", { duration: formatDuration(Math.max(1, Math.round(ms / 1000))) });
}
