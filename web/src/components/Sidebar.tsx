/** The conversations, grouped by age, and the way to a new one. */

import { useState } from "preact/hooks";
import type { Conversation } from "../state/records";
import { ConversationRow } from "./ConversationRow";
import { useApp } from "./context";
import { Icon, Mark } from "./Icon";
import { ThemeSwitch } from "./ThemeSwitch";

export function Sidebar() {
  const app = useApp();
  const [search, setSearch] = useState("");
  const all = app.library.conversations.value;
  const shown = all.filter(({ title }) => title.toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <nav class="sidebar" aria-label="Conversations">
      <div class="brand">
        <Mark />
        <span>Fathom</span>
        <button
          type="button"
          class="icon-button"
          aria-label="Close sidebar"
          title="Close sidebar"
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
        <span>New chat</span>
        <kbd>{shortcut()}</kbd>
      </button>
      {all.length > 6 && (
        <input
          type="search"
          class="search"
          placeholder="Search chats"
          aria-label="Search chats"
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
        {shown.length === 0 && <p class="hint">{all.length === 0 ? "Your chats stay in this browser." : "No chat with that title."}</p>}
      </div>
      <div class="sidebar-foot">
        <button type="button" class="quiet-button" onClick={() => app.openDialog("settings")}>
          <Icon name="gear" size={18} />
          <span>Settings</span>
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
    ["Today", today],
    ["Yesterday", daysAgo(1)],
    ["Previous 7 days", daysAgo(7)],
    ["Previous 30 days", daysAgo(30)],
    ["Older", -Infinity],
  ];
  const groups = new Map<string, Conversation[]>();
  for (const conversation of conversations) {
    const label = bounds.find(([, since]) => conversation.updated >= since)?.[0] ?? "Older";
    groups.set(label, [...(groups.get(label) ?? []), conversation]);
  }
  return [...groups];
}
