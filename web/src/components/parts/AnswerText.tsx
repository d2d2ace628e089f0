import type { AnswerPart } from "../../api/assistant/types";
import { Markdown } from "../../markdown/Markdown";
import type { PartProps } from "./index";

export function AnswerText({ part, streaming }: PartProps<AnswerPart>) {
  return part.text ? <Markdown text={part.text} streaming={streaming} /> : null;
}
