import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { copyText } from "./clipboard";
import { Icon } from "./Icon";

interface Props {
  readonly text: string | (() => string); // a function where it takes work to make
  readonly label: string;
  readonly caption?: string; // beside the icon
}

type Outcome = "copied" | "failed" | null;

export function CopyButton({ text, label, caption }: Props) {
  const [outcome, setOutcome] = useState<Outcome>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 1800);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => void copyText(typeof text === "string" ? text : text()).then((done) => setOutcome(done ? "copied" : "failed"));
  const name = outcome === "copied" ? t("chat.copied") : outcome === "failed" ? t("chat.copyFailed") : label;
  return (
    <button type="button" class="icon-button small" onClick={copy} title={name} aria-label={name}>
      <Icon name={outcome === "copied" ? "check" : outcome === "failed" ? "close" : "copy"} size={16} />
      {caption && <span class="caption">{caption}</span>}
    </button>
  );
}
