import type { Signal } from "@preact/signals";
import type { Message } from "../api/assistant/types";
import { AnswerView } from "./AnswerView";
import { QuestionView } from "./QuestionView";

interface Props {
  readonly signal: Signal<Message>;
  readonly last: boolean;
}

export function MessageView({ signal, last }: Props) {
  const message = signal.value;
  return message.role === "user" ? <QuestionView message={message} /> : <AnswerView message={message} last={last} />;
}
