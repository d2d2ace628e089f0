/** The conversations and the way to a new one. */

import { useState } from "preact/hooks";
import { t } from "../i18n";
import { ChatList } from "./ChatList";
import { useApp } from "./context";
import { Icon, Mark } from "./Icon";
import { lazy } from "./lazy";
import { ariaKeys, ShortcutKeys } from "./shortcuts/ShortcutKeys";
import { ThemeSwitch } from "./ThemeSwitch";

const SearchResults = lazy(() => import("./SearchResults").then((module) => module.SearchResults));

export function Sidebar() {
  const app = useApp();
  const [search, setSearch] = useState("");
  return (
    <nav class="sidebar" aria-label={t("sidebar.name")}>
      <div class="brand">
        <Mark />
        <span>Fathom</span>
        <button
          type="button"
          class="icon-button"
          aria-label={t("chat.closeSidebar")}
          title={t("chat.closeSidebar")}
          onClick={() => {
            app.drawer.value = false;
            app.settings.change({ sidebar: false });
          }}
        >
          <Icon name="panel" />
        </button>
      </div>
      <button type="button" class="new-chat" onClick={() => app.newChat()} aria-keyshortcuts={ariaKeys("new")}>
        <Icon name="plus" size={18} />
        <span>{t("chat.new")}</span>
        <ShortcutKeys name="new" />
      </button>
      <input
        type="search"
        class="search"
        placeholder={t("sidebar.search")}
        aria-label={t("sidebar.search")}
        aria-keyshortcuts={ariaKeys("search")}
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || search === "") return;
          event.stopPropagation();
          setSearch("");
        }}
      />
      {search.trim() ? <SearchResults text={search.trim()} /> : <ChatList />}
      <div class="sidebar-foot">
        <button type="button" class="quiet-button" onClick={() => app.openDialog("settings")}>
          <Icon name="gear" size={18} />
          <span>{t("sidebar.settings")}</span>
        </button>
        <button type="button" class="icon-button keyboard" aria-label={t("sidebar.shortcuts")} title={t("sidebar.shortcuts")} onClick={() => app.openDialog("shortcuts")}>
          <Icon name="keyboard" size={18} />
        </button>
        <ThemeSwitch />
      </div>
    </nav>
  );
}
