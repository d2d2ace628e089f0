import { useEffect, useState } from "preact/hooks";
import { Markdown } from "../markdown/Markdown";
import { useApp } from "./context";
import { Icon } from "./Icon";

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
    <div class={active ? "thinking active" : "thinking"} role="group" aria-label="Thinking">
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
      Thinking…
      {seconds > 0 && <span class="elapsed"> {duration(seconds)}</span>}
    </>
  );
}

export function thoughtFor(ms: number | null): string {
  return ms === null ? "Thought" : `Thought for ${duration(Math.max(1, Math.round(ms / 1000)))}`;
}

function duration(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
