import type { Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { shownStatus, STALE_MS } from "../state/answers";
import type { Step } from "../state/branches";
import type { Message } from "../state/records";
import { AnswerView } from "./AnswerView";
import { useApp } from "./context";
import { QuestionView } from "./QuestionView";

interface Props {
  readonly step: Step;
  readonly last: boolean;
}

export function MessageView({ step, last }: Props) {
  const message = step.message.value;
  if (message.role === "user") return <QuestionView message={message} siblings={step.siblings} />;
  return <Answer signal={step.message} siblings={step.siblings} last={last} />;
}

function Answer({ signal, siblings, last }: { readonly signal: Signal<Message>; readonly siblings: readonly string[]; readonly last: boolean }) {
  const app = useApp();
  const message = signal.value;
  const [, look] = useState(0);
  const status = shownStatus(message, app.library.tab, app.clock.now());
  const elsewhere = (status === "streaming" || status === "waiting") && message.owner !== app.library.tab;
  useEffect(() => {
    if (!elsewhere) return;
    const timer = setInterval(() => look((before) => before + 1), STALE_MS / 3); // its tab may have died
    return () => clearInterval(timer);
  }, [elsewhere]);
  return <AnswerView signal={signal} status={status} siblings={siblings} last={last} />;
}
