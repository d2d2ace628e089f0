import { t } from "../i18n";
import { useApp } from "./context";
import { Icon, type IconName } from "./Icon";
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
      <Action icon="folder" label={t("sidebar.moveSelected")} disabled={ids.length === 0} onClick={() => app.openDialog("move", { ids })} />
      <Action
        icon="trash"
        label={t("sidebar.deleteSelected")}
        disabled={ids.length === 0}
        onClick={() => {
          app.drawer.value = false; // the notice that takes it back is below
          selection.end();
          void actions.remove(...ids);
        }}
      />
    </div>
  );
}

interface ActionProps {
  readonly icon: IconName;
  readonly label: string;
  readonly disabled: boolean;
  readonly onClick: () => void;
}

function Action({ icon, label, disabled, onClick }: ActionProps) {
  return (
    <button type="button" class="icon-button small" disabled={disabled} aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} size={16} />
    </button>
  );
}
