import type { App } from "../../state/app";

/** Shows or hides the sidebar: over the page where it is narrow, else beside it. */
export function toggleSidebar(app: App): void {
  if (matchMedia("(max-width: 760px)").matches) app.drawer.value = !app.drawer.value;
  else app.settings.change({ sidebar: !app.settings.current.peek().sidebar });
}
