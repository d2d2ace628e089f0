import type { Theme } from "../state/settings";
import { useApp } from "./context";
import { Icon, type IconName } from "./Icon";
import { t, type PlainKey } from "../i18n";

const themes: readonly { readonly theme: Theme; readonly icon: IconName; readonly label: PlainKey }[] = [
  { theme: "light", icon: "sun", label: "sidebar.light" },
  { theme: "system", icon: "system", label: "sidebar.system" },
  { theme: "dark", icon: "moon", label: "sidebar.dark" },
];

export function ThemeSwitch() {
  const { settings } = useApp();
  const { theme: current } = settings.current.value;
  return (
    <div class="theme-switch" role="group" aria-label={t("sidebar.theme")}>
      {themes.map(({ theme, icon, label }) => (
        <button
          key={theme}
          type="button"
          aria-pressed={theme === current}
          aria-label={t(label)}
          title={t(label)}
          onClick={() => settings.change({ theme })}
        >
          <Icon name={icon} size={16} />
        </button>
      ))}
    </div>
  );
}
