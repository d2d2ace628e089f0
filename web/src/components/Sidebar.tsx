/** The conversations and the way to a new one. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
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
  const { selection } = app;
  const [search, setSearch] = useState("");
  const select = useRef<HTMLButtonElement>(null);
  const nav = useRef<HTMLElement>(null);
  const selecting = selection.active.value;
  useLayoutEffect(() => {
    if (!selecting) return undefined;
    return () => {
      const focused = document.activeElement;
      if (focused === null || focused === document.body || nav.current?.contains(focused)) select.current?.focus(); // what had the focus is gone
    };
  }, [selecting]);
  const selectLabel = selecting ? t("sidebar.selectEnd") : t("sidebar.select");
  return (
    <nav
      ref={nav}
      class="sidebar"
      aria-label={t("sidebar.name")}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !selecting) return;
        event.stopPropagation();
        selection.end();
      }}
    >
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
      <div class="find">
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
        {!search.trim() && (
          <button
            ref={select}
            type="button"
            class="icon-button select"
            aria-pressed={selecting}
            aria-label={selectLabel}
            title={selectLabel}
            onClick={() => (selecting ? selection.end() : selection.start())}
          >
            <Icon name="select" size={18} />
          </button>
        )}
      </div>
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
