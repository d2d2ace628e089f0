/**
 * What draws a part of a message, by its type. The code of parts that are not in every chat comes when the first one is
 * drawn; until then, and for a type that this page does not know, the text of the part is shown.
 */

import { Component, type ComponentChild, type ComponentType } from "preact";
import type { Message, Part } from "../../api/assistant/types";
import { FilePartView } from "../files/FilePartView";
import { lazy } from "../lazy";
import { AnswerText } from "./AnswerText";
import { ThinkingPane } from "./ThinkingPane";

export interface PartProps<P extends Part = Part> {
  readonly part: P;
  readonly message: Message;
  readonly position: number; // among the message's parts
  readonly streaming: boolean; // it may still grow
}

type Parts = { readonly [T in Part["type"]]?: ComponentType<PartProps<Extract<Part, { type: T }>>> };

const parts: Parts = {
  thinking: ThinkingPane,
  answer: AnswerText,
  file: FilePartView,
  vote: lazy(() => import("./VoteView").then((module) => module.VoteView)),
  tool_call: lazy(() => import("../tools/ToolCall").then((module) => module.ToolCall)),
  citation: () => null, // SourceList draws them all together
};

/** Draws again only when the part is another one or the message's state has changed. */
export class PartView extends Component<PartProps> {
  override shouldComponentUpdate({ part, message, streaming }: PartProps): boolean {
    const before = this.props;
    return part !== before.part || streaming !== before.streaming || message.state !== before.message.state || message.id !== before.message.id;
  }

  override render(props: PartProps): ComponentChild {
    const Content = parts[props.part.type] as ComponentType<PartProps> | undefined;
    return Content ? <Content {...props} /> : <PlainPart {...props} />;
  }
}

function PlainPart({ part }: PartProps) {
  const text = "text" in part ? part.text : "name" in part ? part.name : "";
  return text ? <p class="plain-part">{text}</p> : null;
}
