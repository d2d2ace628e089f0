/** The model's name and whether it can answer. */

import type { ModelState } from "../state/model";
import { useApp } from "./context";

export function ModelBadge() {
  const state = useApp().model.state.value;
  const text = stateText(state);
  return (
    <div class={`model ${state.phase}`} title={[state.model, text].filter(Boolean).join(" · ")}>
      <span class="dot" aria-hidden="true" />
      <span class="model-name">{state.model || "Fathom"}</span>
      {state.phase !== "ready" && <span class="model-state">{text}</span>}
      <span class="sr-only" role="status">
        {announcement(state)}
      </span>
    </div>
  );
}

export function stateText({ phase, progress, stage }: ModelState): string {
  switch (phase) {
    case "ready":
      return "ready";
    case "failed":
      return "could not be loaded";
    case "unreachable":
      return "not reachable";
    case "connecting":
      return "connecting…";
    case "loading":
      return [stage || "loading", progress === null ? "…" : ` ${Math.round(progress * 100)} %`].join("");
  }
}

/** What a screen reader hears: the phase when it changes, not each percent. */
function announcement({ phase, model }: ModelState): string {
  if (phase === "connecting") return "";
  if (phase === "loading") return "The model is loading.";
  return `${model || "The model"}: ${stateText({ phase } as ModelState)}`;
}
