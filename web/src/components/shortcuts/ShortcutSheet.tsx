import { t, type PlainKey } from "../../i18n";
import "../../i18n/en/keys";
import { SHORTCUTS, type ShortcutName } from "../../state/shortcuts";
import { Dialog } from "../Dialog";
import type { DialogProps } from "../dialogs";
import { ShortcutKeys } from "./ShortcutKeys";

const LABELS: Readonly<Record<ShortcutName, PlainKey>> = {
  search: "keys.search",
  new: "keys.new",
  focus: "keys.focus",
  stop: "keys.stop",
  copy: "keys.copy",
  sidebar: "keys.sidebar",
  previous: "keys.previous",
  next: "keys.next",
  help: "keys.help",
};

/** All shortcuts, on one sheet. */
export function ShortcutSheet({ close }: DialogProps) {
  return (
    <Dialog title={t("keys.title")} close={close}>
      <dl class="shortcuts">
        {SHORTCUTS.map(({ name }) => (
          <div key={name}>
            <dt>{t(LABELS[name])}</dt>
            <dd>
              <ShortcutKeys name={name} />
            </dd>
          </div>
        ))}
        <div>
          <dt>{t("keys.send")}</dt>
          <dd>
            <kbd>Enter</kbd>
          </dd>
        </div>
        <div>
          <dt>{t("keys.newLine")}</dt>
          <dd>
            <kbd>Shift Enter</kbd>
          </dd>
        </div>
      </dl>
      <p class="hint">{t("keys.hint")}</p>
    </Dialog>
  );
}
