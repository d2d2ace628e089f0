/** The conversations, grouped by age, and the way to a new one. */

import { useState } from "preact/hooks";
import type { Conversation } from "../state/records";
import { ConversationRow } from "./ConversationRow";
import { useApp } from "./context";
import { Icon, Mark } from "./Icon";
import { ThemeSwitch } from "./ThemeSwitch";
import { t } from "../i18n";

export function Sidebar() {
  const app = useApp();
  const [search, setSearch] = useState("");
  const all = app.library.conversations.value;
  const shown = all.filter(({ title }) => title.toLowerCase().includes(search.trim().toLowerCase()));
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
      <button type="button" class="new-chat" onClick={() => app.newChat()} aria-keyshortcuts="Control+K Meta+K">
        <Icon name="plus" size={18} />
        <span>{t("chat.new")}</span>
        <kbd>{shortcut()}</kbd>
      </button>
      {all.length > 6 && (
        <input
          type="search"
          class="search"
          placeholder={t("sidebar.search")}
          aria-label={t("sidebar.search")}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <div class="conversations">
        {grouped(shown, app.clock.now()).map(([label, conversations]) => (
          <section key={label} aria-label={label}>
            <h2>{label}</h2>
            <ul>
              {conversations.map((conversation) => (
                <ConversationRow key={conversation.id} conversation={conversation} />
              ))}
            </ul>
          </section>
        ))}
        {shown.length === 0 && <p class="hint">{t(all.length === 0 ? "sidebar.none" : "sidebar.noMatch")}</p>}
      </div>
      <div class="sidebar-foot">
        <button type="button" class="quiet-button" onClick={() => app.openDialog("settings")}>
          <Icon name="gear" size={18} />
          <span>{t("sidebar.settings")}</span>
        </button>
        <ThemeSwitch />
      </div>
    </nav>
  );
}

function shortcut(): string {
  return /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";
}

/** Conversations under "Today", "Yesterday" and so on, by the calendar of the reader. */
export function grouped(conversations: readonly Conversation[], now: number): [string, Conversation[]][] {
  const today = new Date(now).setHours(0, 0, 0, 0);
  const daysAgo = (days: number): number => {
    const date = new Date(today);
    return date.setDate(date.getDate() - days); // a day is not always 24 hours
  };
  const bounds: readonly [string, number][] = [
    [t("sidebar.today"), today],
    [t("sidebar.yesterday"), daysAgo(1)],
    [t("sidebar.week"), daysAgo(7)],
    [t("sidebar.month"), daysAgo(30)],
    [t("sidebar.older"), -Infinity],
  ];
  const groups = new Map<string, Conversation[]>();
  for (const conversation of conversations) {
    const label = bounds.find(([, since]) => conversation.updated >= since)?.[0] ?? t("sidebar.older");
    groups.set(label, [...(groups.get(label) ?? []), conversation]);
  }
  return [...groups];
}
