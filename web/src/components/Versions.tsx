import type { Message } from "../api/assistant/types";
import { formatNumber, t } from "../i18n";
import { useApp } from "./context";
import { Icon } from "./Icon";

/** ‹ 2/3 ›: the versions of a message. */
export function Versions({ message }: { readonly message: Message }) {
  const { actions } = useApp();
  const { siblings } = message;
  if (siblings.length < 2) return null;
  const at = siblings.indexOf(message.id);
  const go = (to: number) => () => {
    const id = siblings[to];
    if (id) void actions.choose(id);
  };
  return (
    <span class="versions">
      <button type="button" class="icon-button small flip" aria-label={t("chat.versionPrevious")} disabled={at <= 0} onClick={go(at - 1)}>
        <Icon name="chevron" size={14} />
      </button>
      <span aria-label={t("chat.version", { number: at + 1, count: siblings.length })} role="img">
        {formatNumber(at + 1)}/{formatNumber(siblings.length)}
      </span>
      <button type="button" class="icon-button small" aria-label={t("chat.versionNext")} disabled={at === siblings.length - 1} onClick={go(at + 1)}>
        <Icon name="chevron" size={14} />
      </button>
    </span>
  );
}
