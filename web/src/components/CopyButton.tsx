import { useEffect, useState } from "preact/hooks";
import { copyText } from "./clipboard";
import { Icon } from "./Icon";
import { t } from "../i18n";

interface Props {
  readonly text: string;
  readonly label: string;
}

type Outcome = "copied" | "failed" | null;

export function CopyButton({ text, label }: Props) {
  const [outcome, setOutcome] = useState<Outcome>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 1800);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => void copyText(text).then((done) => setOutcome(done ? "copied" : "failed"));
  const name = outcome === "copied" ? t("chat.copied") : outcome === "failed" ? t("chat.copyFailed") : label;
  return (
    <button type="button" class="icon-button small" onClick={copy} title={name} aria-label={name}>
      <Icon name={outcome === "copied" ? "check" : outcome === "failed" ? "close" : "copy"} size={16} />
    </button>
  );
}
