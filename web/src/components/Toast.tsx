import { useApp } from "./context";
import { Icon } from "./Icon";
import { useSpoken } from "./StatusRegion";
import { t } from "../i18n";

export function Toast() {
  const { notices } = useApp();
  const notice = notices.current.value;
  useSpoken(notice ? [notice.text, notice.action?.label].filter(Boolean).join(" ") : "");
  return (
    <div class="toast-place">
      {notice && (
        <div
          class="toast"
          onMouseEnter={() => notices.pause()}
          onMouseLeave={() => notices.resume()}
          onFocusIn={() => notices.pause()}
          onFocusOut={() => notices.resume()}
        >
          <span>{notice.text}</span>
          {notice.action && (
            <button
              type="button"
              class="text-button"
              onClick={() => {
                notice.action?.run();
                notices.dismiss();
              }}
            >
              {notice.action.label}
            </button>
          )}
          <button type="button" class="icon-button small" aria-label={t("chat.dismiss")} onClick={() => notices.dismiss()}>
            <Icon name="close" size={14} />
          </button>
        </div>
      )}
    </div>
  );
}
