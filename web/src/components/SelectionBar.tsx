import { t } from "../i18n";
import { useApp } from "./context";
import { Icon } from "./Icon";
import { useSpoken } from "./StatusRegion";

/** What can be done with the chats that are chosen in the list. `listed`: ids of all that are listed. */
export function SelectionBar({ listed }: { readonly listed: readonly string[] }) {
  const app = useApp();
  const { actions, selection } = app;
  const ids = selection.ids.value;
  const count = t("sidebar.selected", { count: ids.length });
  const whole = ids.length === listed.length;
  useSpoken(count);
  return (
    <div class="selection-bar" role="group" aria-label={t("sidebar.selection")}>
      <span>{count}</span>
      <button type="button" class="text-button" onClick={() => selection.choose(whole ? [] : listed)}>
        {whole ? t("sidebar.selectNone") : t("sidebar.selectAll")}
      </button>
      <button
        type="button"
        class="icon-button small"
        disabled={ids.length === 0}
        aria-label={t("sidebar.moveSelected")}
        title={t("sidebar.moveSelected")}
        onClick={() => app.openDialog("move", { ids })}
      >
        <Icon name="folder" size={16} />
      </button>
      <button
        type="button"
        class="icon-button small"
        disabled={ids.length === 0}
        aria-label={t("sidebar.deleteSelected")}
        title={t("sidebar.deleteSelected")}
        onClick={() => {
          app.drawer.value = false; // the notice that takes it back is below
          selection.end();
          void actions.remove(...ids);
        }}
      >
        <Icon name="trash" size={16} />
      </button>
    </div>
  );
}
