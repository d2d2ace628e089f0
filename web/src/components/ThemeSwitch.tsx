import type { Theme } from "../state/settings";
import { useApp } from "./context";
import { Icon, type IconName } from "./Icon";

const themes: readonly { readonly theme: Theme; readonly icon: IconName; readonly label: string }[] = [
  { theme: "light", icon: "sun", label: "Light" },
  { theme: "system", icon: "system", label: "As the system" },
  { theme: "dark", icon: "moon", label: "Dark" },
];

export function ThemeSwitch() {
  const { settings } = useApp();
  const { theme: current } = settings.current.value;
  return (
    <div class="theme-switch" role="group" aria-label="Theme">
      {themes.map(({ theme, icon, label }) => (
        <button
          key={theme}
          type="button"
          aria-pressed={theme === current}
          aria-label={label}
          title={label}
          onClick={() => settings.change({ theme })}
        >
          <Icon name={icon} size={16} />
        </button>
      ))}
    </div>
  );
}
