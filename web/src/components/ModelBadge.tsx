/** The model's name and whether it can answer. */

import { useEffect } from "preact/hooks";
import type { ModelState } from "../state/model";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { useSpoken } from "./StatusRegion";
import { formatPercent, t } from "../i18n";

export function ModelBadge() {
  const app = useApp();
  const state = app.model.state.value;
  const chosen = app.chosenModel(app.navigation.open.value);
  const name = chosen ?? (state.model || "Fathom");
  const own = chosen === undefined || chosen === state.model; // the one that the state is about
  const text = stateText(state);
  useSpoken(announcement(state));
  useEffect(() => {
    if (chosen !== undefined && app.models.rows.peek() === null) void app.models.refresh(); // whether it thinks
  }, [chosen]);
  return (
    <button
      type="button"
      class={`model ${own || state.phase === "unreachable" ? state.phase : "ready"}`}
      aria-haspopup="dialog"
      aria-label={t("model.choose", { model: name })}
      title={own ? [name, text].join(" · ") : name}
      onClick={() => app.openDialog("models")}
    >
      <span class="dot" aria-hidden="true" />
      <span class="model-name">{name}</span>
      {own && state.phase !== "ready" && <span class="model-state">{text}</span>}
      <Icon name="chevron" size={12} />
    </button>
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
