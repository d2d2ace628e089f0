/** What stands in the composer beside the text, in order: each changes the draft or the options of its chat. */

import type { ComponentType } from "preact";
import { AttachControl } from "../files/AttachControl";
import { SlashControl } from "./SlashControl";
import { SearchToggle } from "../tools/SearchToggle";
import { MoreControl } from "./MoreControl";

export interface ControlProps {
  readonly chat: string | null; // null: the new chat
}

export interface ComposerControl {
  readonly name: string;
  readonly component: ComponentType<ControlProps>;
}

export const composerControls: readonly ComposerControl[] = [
  { name: "files", component: AttachControl },
  { name: "prompts", component: SlashControl },
  { name: "search", component: SearchToggle },
  { name: "more", component: MoreControl },
];
