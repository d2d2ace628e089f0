import { useEffect, useState } from "preact/hooks";
import { Markdown } from "../markdown/Markdown";
import { Icon } from "./Icon";

interface Props {
  readonly id: string;
  readonly text: string;
  readonly ms: number | null;
  readonly active: boolean; // it is thinking now
}

/** What the model thought. Open while it thinks, folded once it answers; the reader's own choice is kept. */
export function ThinkingPane({ id, text, ms, active }: Props) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? active;
  return (
    <section class={active ? "thinking active" : "thinking"} aria-label="Thinking">
      <button type="button" class="thinking-head" aria-expanded={open} aria-controls={`thinking-${id}`} onClick={() => setChosen(!open)}>
        <Icon name="think" size={16} />
        <span>{active ? <Elapsed /> : thoughtFor(ms)}</span>
        <span class="turn">
          <Icon name="chevron" size={14} />
        </span>
      </button>
      <div id={`thinking-${id}`} class="thinking-text" hidden={!open}>
        {open && <Markdown text={text} streaming={active} />}
      </div>
    </section>
  );
}

function Elapsed() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
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
