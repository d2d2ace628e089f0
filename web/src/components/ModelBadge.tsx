/** The model's name and whether it can answer. */

import type { ModelState } from "../state/model";
import { useApp } from "./context";
import { useSpoken } from "./StatusRegion";
import { formatPercent, t } from "../i18n";

export function ModelBadge() {
  const state = useApp().model.state.value;
  const text = stateText(state);
  useSpoken(announcement(state));
  return (
    <div class={`model ${state.phase}`} title={[state.model, text].filter(Boolean).join(" · ")}>
      <span class="dot" aria-hidden="true" />
      <span class="model-name">{state.model || "Fathom"}</span>
      {state.phase !== "ready" && <span class="model-state">{text}</span>}
    </div>
  );
}

export function stateText({ phase, progress, stage }: ModelState): string {
  switch (phase) {
    case "ready":
      return t("model.ready");
    case "failed":
      return t("model.failedState");
    case "unreachable":
      return t("model.unreachableState");
    case "connecting":
      return t("model.connecting");
    case "loading":
      return loadingText(stage || t("model.loadingState"), progress);
  }
}

function loadingText(stage: string, progress: number | null): string {
  return progress === null ? t("model.loadingOpen", { stage }) : t("model.loadingShare", { stage, percent: formatPercent(progress) });
}

/** What a screen reader hears: the phase when it changes, not each percent. */
function announcement({ phase, model }: ModelState): string {
  if (phase === "connecting") return "";
  if (phase === "loading") return t("model.loadingAnnouncement");
  return t("model.announcement", { model: model || t("model.name"), state: stateText({ phase } as ModelState) });
}
