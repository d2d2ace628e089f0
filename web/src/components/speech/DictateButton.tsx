import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n";
import { Icon } from "../Icon";
import { localRecognition, type Recognition } from "./recognition";

/** Writes what is said into the message, where the browser understands speech on this machine; else it is absent. */
export function DictateButton() {
  const [make, setMake] = useState<(() => Recognition) | null>(null);
  const [listening, setListening] = useState<Recognition | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    void localRecognition(navigator.language).then((found) => setMake(() => found));
  }, []);
  useEffect(() => () => listening?.stop(), [listening]);
  if (!make) return null;
  const start = () => {
    const recognition = make();
    let written = 0;
    recognition.onresult = ({ results }) => {
      const texts = Array.from(results).slice(written);
      written = results.length;
      insert(button.current, texts.map((alternatives) => alternatives[0]?.transcript.trim() ?? "").join(" "));
    };
    recognition.onend = () => setListening(null);
    recognition.start();
    setListening(recognition);
  };
  const label = t(listening ? "chat.stopDictation" : "chat.dictate");
  return (
    <button ref={button} type="button" class="icon-button" aria-label={label} title={label} aria-pressed={listening !== null} onClick={() => (listening ? listening.stop() : start())}>
      <Icon name="microphone" size={18} />
    </button>
  );
}

/** Puts text where the cursor is in the composer, as if it had been typed. */
function insert(button: HTMLElement | null, text: string): void {
  const area = button?.closest("form")?.querySelector("textarea");
  if (!area || !text) return;
  const before = area.value.slice(0, area.selectionStart);
  area.setRangeText(`${/\S$/.test(before) ? " " : ""}${text}`, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
