/** The page: sidebar, header, conversation, composer, and the keys that work everywhere. */

import { useEffect } from "preact/hooks";
import { Banner } from "../components/Banner";
import { Composer } from "../components/Composer";
import { useApp } from "../components/context";
import { OpenDialog } from "../components/dialogs";
import { EmptyState } from "../components/EmptyState";
import { ExportMenu } from "../components/ExportMenu";
import { Icon } from "../components/Icon";
import { KeyDialog } from "../components/KeyDialog";
import { isComposing } from "../components/keys";
import { ModelBadge } from "../components/ModelBadge";
import { unfoldForPrint } from "../components/printing";
import { Sidebar } from "../components/Sidebar";
import { Toast } from "../components/Toast";
import { Transcript } from "../components/Transcript";
import { visiblePath } from "../state/branches";
import { t } from "../i18n";

export function ChatPage() {
  const app = useApp();
  const { theme, sidebar } = app.settings.current.value;
  const open = app.navigation.open.value;
  const conversation = open === null ? undefined : app.library.conversation(open);
  const path = conversation ? visiblePath(app.library.thread(conversation.id).value, app.choices.value) : [];
  const busy = conversation !== undefined && app.answers.active.value.has(conversation.id);

  useKeys(conversation?.id ?? null);
  useEffect(() => unfoldForPrint(window), []);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  useEffect(() => {
    document.title = conversation ? `${conversation.title} · Fathom` : "Fathom";
  }, [conversation?.title]);

  const send = (text: string) => app.send(text, path.at(-1)?.message.peek().id ?? null);
  const drawer = app.drawer.value;
  const asking = app.access.asking.value;
  return (
    <div class={`page${sidebar ? "" : " no-sidebar"}${drawer ? " drawer" : ""}`}>
      <Sidebar />
      {drawer && <button type="button" class="veil" aria-label={t("chat.closeSidebar")} onClick={() => (app.drawer.value = false)} />}
      <main>
        <header class="top">
          <button type="button" class="icon-button open-sidebar" aria-label={t("chat.openSidebar")} title={t("chat.openSidebar")} onClick={openSidebar}>
            <Icon name="menu" />
          </button>
          <ModelBadge />
          {conversation && <ExportMenu conversation={conversation} path={path} />}
          <button type="button" class="icon-button top-new" aria-label={t("chat.new")} title={t("chat.new")} onClick={() => app.newChat()}>
            <Icon name="plus" />
          </button>
        </header>
        <Banner />
        {conversation ? (
          <>
            <h1 class="sr-only">{conversation.title}</h1>
            <Transcript conversation={conversation.id} path={path} />
          </>
        ) : (
          <EmptyState send={send} />
        )}
        <div class="foot">
          <Composer conversation={conversation?.id ?? null} busy={busy} send={send} />
          <p class="small-print">{t("chat.smallPrint")}</p>
        </div>
      </main>
      <Toast />
      <OpenDialog />
      {asking && <KeyDialog asking={asking} />}
    </div>
  );

  function openSidebar(): void {
    if (matchMedia("(max-width: 760px)").matches) app.drawer.value = true;
    else app.settings.change({ sidebar: true });
  }
}

function useKeys(conversation: string | null): void {
  const app = useApp();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isComposing(event)) return;
      if (event.key === "Escape") {
        if (document.querySelector("dialog[open], :popover-open")) return; // that is what Escape closes
        if (app.drawer.value) app.drawer.value = false;
        else if (conversation !== null) app.answers.stop(conversation);
      } else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        app.newChat();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [conversation]);
}
