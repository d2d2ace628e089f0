import { useId, useState } from "preact/hooks";
import type { ThinkingMode } from "../api/assistant/types";
import { t, type PlainKey } from "../i18n";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { lazy } from "./lazy";

const MODES: readonly { readonly mode: ThinkingMode; readonly label: PlainKey; readonly help: PlainKey }[] = [
  { mode: "off", label: "chat.mode.off", help: "chat.modeHelp.off" },
  { mode: "low", label: "chat.mode.low", help: "chat.modeHelp.low" },
  { mode: "high", label: "chat.mode.high", help: "chat.modeHelp.high" },
  { mode: "budget", label: "chat.mode.budget", help: "chat.modeHelp.budget" },
];
const BUDGET = 2048; // tokens, where the reader has named none

/** How long the model thinks before it answers. One press turns it on or off; the arrow opens the levels. */
export function ThinkingControl({ chat }: { readonly chat: string | null }) {
  const app = useApp();
  const menu = useId();
  const [open, setOpen] = useState(false);
  const options = app.options(chat);
  const can = app.canThink(chat);
  const mode = can ? (options.thinking ?? "high") : "off";
  const budget = options.thinking_budget ?? BUDGET;
  const choose = (thinking: ThinkingMode) => {
    app.settings.change({ thinking });
    app.chooseOptions(chat, { thinking, ...(thinking === "budget" ? { thinking_budget: budget } : {}) });
  };
  const label = t(MODES.find((one) => one.mode === mode)?.label ?? "chat.mode.high");
  return (
    <div class="split">
      <button
        type="button"
        class="pill"
        aria-pressed={mode !== "off"}
        title={can ? t("chat.deepThinkTitle") : t("chat.cannotThink")}
        {...(can ? { onClick: () => choose(mode === "off" ? "high" : "off") } : { popovertarget: menu })}
      >
        <Icon name="think" size={16} /> {t("chat.deepThink")}
        {mode !== "off" && mode !== "high" && <small> · {label}</small>}
      </button>
      <button type="button" class="pill more" popovertarget={menu} aria-label={t("chat.thinkingLevels")} title={t("chat.thinkingLevels")}>
        <Icon name="chevron" size={12} />
      </button>
      <div id={menu} class="menu up" popover="auto" onToggle={(event) => setOpen(event.newState === "open")}>
        {can ? (
          <>
            <div role="radiogroup" aria-label={t("chat.thinkingLevels")}>
              {MODES.map((one) => (
                <label key={one.mode} class="choice">
                  <input type="radio" name={menu} checked={one.mode === mode} onChange={() => choose(one.mode)} />
                  <span>
                    <strong>{t(one.label)}</strong>
                    <small>{t(one.help)}</small>
                  </span>
                </label>
              ))}
            </div>
            {mode === "budget" && (
              <label class="budget">
                <span>{t("chat.budget")}</span>
                <input
                  type="number"
                  inputMode="numeric"
                  min={16}
                  step={16}
                  value={budget}
                  onChange={({ currentTarget }) => {
                    const value = Math.floor(Number(currentTarget.value));
                    if (value >= 1) app.chooseOptions(chat, { thinking: "budget", thinking_budget: value });
                  }}
                />
              </label>
            )}
          </>
        ) : (
          <CannotThink chat={chat} open={open} />
        )}
      </div>
    </div>
  );
}

const ThinkingModels = lazy(() => import("./ThinkingModels").then((module) => module.ThinkingModels));

function CannotThink({ chat, open }: { readonly chat: string | null; readonly open: boolean }) {
  const { model } = useApp().model.state.value;
  return (
    <div class="menu-text">
      <p>{t("chat.cannotThinkText", { model: model || t("model.name") })}</p>
      {open && <ThinkingModels chat={chat} />}
    </div>
  );
}
