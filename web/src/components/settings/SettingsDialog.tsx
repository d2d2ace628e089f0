import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n";
import "../../i18n/en/settings";
import { Dialog } from "../Dialog";
import type { DialogProps } from "../dialogs";
import { tabs } from "./tabs";

/** What is changed holds at once: there is nothing to forget to save. */
export function SettingsDialog({ tab, close }: DialogProps) {
  const [name, setName] = useState(typeof tab === "string" ? tab : "general");
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => row.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [name]);
  const shown = tabs.find((candidate) => candidate.name === name) ?? tabs[0];
  if (!shown) return null;
  const Content = shown.component;
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = tabs[(tabs.indexOf(shown) + step + tabs.length) % tabs.length];
    if (step === 0 || !next) return;
    setName(next.name);
    row.current?.querySelector<HTMLElement>(`#tab-${next.name}`)?.focus();
  };
  return (
    <Dialog title={t("settings.title")} closeLabel={t("settings.close")} close={close}>
      {tabs.length > 1 && (
        <div class="tabs" role="tablist" ref={row} onKeyDown={onKeyDown}>
          {tabs.map(({ name: own, label }) => (
            <button
              key={own}
              id={`tab-${own}`}
              type="button"
              role="tab"
              aria-selected={own === shown.name}
              aria-controls="settings-panel"
              tabIndex={own === shown.name ? 0 : -1}
              onClick={() => setName(own)}
            >
              {t(label)}
            </button>
          ))}
        </div>
      )}
      <div id="settings-panel" class="tab-panel" {...(tabs.length > 1 ? { role: "tabpanel", "aria-labelledby": `tab-${shown.name}` } : {})}>
        <Content key={shown.name} />
      </div>
    </Dialog>
  );
}
