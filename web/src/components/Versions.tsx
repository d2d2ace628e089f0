import { branchPoint } from "../state/branches";
import type { Message } from "../state/records";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { t } from "../i18n";

/** ‹ 2/3 ›: the versions of a message. */
export function Versions({ message, siblings }: { readonly message: Message; readonly siblings: readonly string[] }) {
  const app = useApp();
  if (siblings.length < 2) return null;
  const at = siblings.indexOf(message.id);
  const go = (to: number) => () => {
    const id = siblings[to];
    if (id) app.choose(branchPoint(message), id);
  };
  return (
    <span class="versions">
      <button type="button" class="icon-button small flip" aria-label={t("chat.versionPrevious")} disabled={at === 0} onClick={go(at - 1)}>
        <Icon name="chevron" size={14} />
      </button>
      <span aria-label={t("chat.version", { number: at + 1, count: siblings.length })} role="img">
        {at + 1}/{siblings.length}
      </span>
      <button type="button" class="icon-button small" aria-label={t("chat.versionNext")} disabled={at === siblings.length - 1} onClick={go(at + 1)}>
        <Icon name="chevron" size={14} />
      </button>
    </span>
  );
}
