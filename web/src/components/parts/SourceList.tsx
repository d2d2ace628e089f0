import type { CitationPart, Message } from "../../api/assistant/types";
import { lazy } from "../lazy";

const Sources = lazy(() => import("../tools/Sources").then((module) => module.Sources));

export function citationsOf(message: Message): readonly CitationPart[] {
  return message.parts.filter((part): part is CitationPart => part.type === "citation");
}

/** What an answer refers to as [1], [2] …; nothing where it refers to nothing. */
export function SourceList({ message }: { readonly message: Message }) {
  const citations = citationsOf(message);
  return citations.length === 0 ? null : <Sources citations={citations} />;
}
