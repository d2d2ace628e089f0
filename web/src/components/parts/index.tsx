/**
 * What draws a part of a message, by its type. The code of parts that are not in every chat comes when the first one is
 * drawn; until then, and for a type that this page does not know, the text of the part is shown.
 */

import type { ComponentType } from "preact";
import type { Message, Part } from "../../api/assistant/types";

export interface PartProps<P extends Part = Part> {
  readonly part: P;
  readonly message: Message;
  readonly position: number; // among the message's parts
  readonly streaming: boolean; // it may still grow
}

type Parts = { readonly [T in Part["type"]]: ComponentType<PartProps<Extract<Part, { type: T }>>> };

const parts: Partial<Parts> = {};

export function PartView(props: PartProps) {
  const Component = parts[props.part.type] as ComponentType<PartProps> | undefined;
  return Component ? <Component {...props} /> : <PlainPart {...props} />;
}

function PlainPart({ part }: PartProps) {
  const text = "text" in part ? part.text : "name" in part ? part.name : "title" in part ? part.title : "";
  return text ? <p class="plain-part">{text}</p> : null;
}
