import { useApp } from "../context";
import { lazy } from "../lazy";
import type { ControlProps } from ".";

const PromptMenu = lazy(() => import("../data/PromptMenu").then((module) => module.PromptMenu));

/** Offers the prompts of the library while a message is only a slash and the beginning of a name. */
export function SlashControl({ chat }: ControlProps) {
  const { text } = useApp().drafts.of(chat).value;
  return /^\/\S*$/.test(text) ? <PromptMenu chat={chat} query={text.slice(1)} /> : null;
}
