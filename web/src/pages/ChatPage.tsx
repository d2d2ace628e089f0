/** The page: sidebar, header, conversation, composer, and the keys that work everywhere. */

import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Attention } from "../components/Attention";
import { Banner } from "../components/Banner";
import { Composer } from "../components/Composer";
import { useApp } from "../components/context";
import { OpenDialog } from "../components/dialogs";
import { EmptyState } from "../components/EmptyState";
import { ExportMenu } from "../components/ExportMenu";
import { Icon } from "../components/Icon";
import { KeyDialog } from "../components/KeyDialog";
import { LegacyOffer } from "../components/LegacyOffer";
import { ModelBadge } from "../components/ModelBadge";
import { OutgoingView } from "../components/OutgoingView";
import { unfoldForPrint } from "../components/printing";
import { toggleSidebar } from "../components/shortcuts/sidebar";
import { useShortcuts } from "../components/shortcuts/useShortcuts";
import { Sidebar } from "../components/Sidebar";
import { StatusRegion } from "../components/StatusRegion";
import { Toast } from "../components/Toast";
import { Transcript } from "../components/Transcript";
import { t } from "../i18n";
import { hasArrived, isAnswered } from "../state/outbox";
import type { Thread } from "../state/thread";

export function ChatPage() {
  const app = useApp();
  const { theme, sidebar } = app.settings.current.value;
  const thread = app.thread.value;
  const row = thread ? app.chats.get(thread.id) : undefined;
  const drawer = app.drawer.value;
  const asking = app.access.asking.value;
  useShortcuts();
  useEscape();
  useEffect(() => unfoldForPrint(window), []);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const title = row?.title;
  const unseen = app.unseen.value;
  useEffect(() => {
    document.title = `${unseen ? "● " : ""}${title ? `${title} · Fathom` : "Fathom"}`;
  }, [title, unseen]);
  return (
    <div class={`page${sidebar ? "" : " no-sidebar"}${drawer ? " drawer" : ""}`}>
      <Sidebar />
      {drawer && <button type="button" class="veil" aria-label={t("chat.closeSidebar")} onClick={() => (app.drawer.value = false)} />}
      <main>
        <header class="top">
          <button type="button" class="icon-button open-sidebar" aria-label={t("chat.openSidebar")} title={t("chat.openSidebar")} onClick={() => toggleSidebar(app)}>
            <Icon name="menu" />
          </button>
          <ModelBadge />
          {thread ? row?.temporary && <span class="temporary">{t("chat.temporary")}</span> : <TemporarySwitch />}
          {row && <ExportMenu conversation={row} />}
          {thread && <TreeButton thread={thread} />}
          <button type="button" class="icon-button top-new" aria-label={t("chat.new")} title={t("chat.new")} onClick={() => app.newChat()}>
            <Icon name="plus" />
          </button>
        </header>
        <Banner />
        <LegacyOffer />
        {thread && <h1 class="sr-only">{title || t("chat.untitled")}</h1>}
        {thread && <Attention key={`attention-${thread.id}`} thread={thread} />}
        {thread ? <OpenChat key={thread.id} thread={thread} /> : <NewChat />}
        <div class="foot">
          <Foot thread={thread} />
          <p class="small-print">{t("chat.smallPrint")}</p>
        </div>
      </main>
      <StatusRegion />
      <Toast />
      <OpenDialog />
      {asking && <KeyDialog asking={asking} />}
    </div>
  );
}

function OpenChat({ thread }: { readonly thread: Thread }) {
  const app = useApp();
  const state = thread.state.value;
  if (state === "missing") {
    return (
      <div class="empty">
        <p>{t("chat.missing")}</p>
        <button type="button" class="button" onClick={() => app.newChat()}>
          {t("chat.new")}
        </button>
      </div>
    );
  }
  const busy = isAnswered(thread.messages.value.at(-1)?.value ?? null);
  const path = thread.messages.value.map((message) => message.peek());
  const outgoing = app.outbox.of(thread.id).value.filter((item) => !hasArrived(item, path) && (!busy || item.state !== "queued" || item.parent !== undefined));
  return <Transcript thread={thread} outgoing={outgoing} />;
}

/** Makes the new chat a temporary one. */
function TemporarySwitch() {
  const { drafts } = useApp();
  const { making = {} } = drafts.of(null).value;
  const temporary = making.temporary ?? false;
  const toggle = () => drafts.change(null, { making: temporary ? {} : { temporary: true } });
  return (
    <button type="button" class="icon-button" aria-pressed={temporary} aria-label={t("chat.temporary")} title={t("chat.temporary")} onClick={toggle}>
      <Icon name="clock" />
    </button>
  );
}

/** Where a message on the path has other versions: all branches. */
function TreeButton({ thread }: { readonly thread: Thread }) {
  const app = useApp();
  const branches = useComputed(() => thread.messages.value.some((message) => message.value.siblings.length > 1));
  if (!branches.value) return null;
  return (
    <button type="button" class="icon-button" aria-label={t("chat.tree")} title={t("chat.tree")} onClick={() => app.openDialog("tree")}>
      <Icon name="tree" />
    </button>
  );
}

/** Nothing yet, or a first question on its way. */
function NewChat() {
  const app = useApp();
  const outgoing = app.outbox.of(null).value;
  if (outgoing.length === 0) return <EmptyState send={(text) => app.send(text)} />;
  return (
    <div class="scroll-place">
      <div class="transcript">
        <div class="column">
          {outgoing.map((item) => (
            <OutgoingView key={item.id} chat={null} item={item} />
          ))}
        </div>
      </div>
    </div>
  );
}

function Foot({ thread }: { readonly thread: Thread | null }) {
  const busy = isAnswered(thread?.messages.value.at(-1)?.value ?? null);
  return <Composer chat={thread?.id ?? null} busy={busy} />;
}

function useEscape(): void {
  const app = useApp();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        if (document.querySelector("dialog[open], :popover-open")) return; // that is what Escape closes
        if (app.drawer.value) app.drawer.value = false;
        else void app.actions.stop();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
