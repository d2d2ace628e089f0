import { computed, effect } from "@preact/signals";
import { render } from "preact";
import { AppProvider } from "./components/context";
import { leaveToInputMethods } from "./components/keys";
import { language, speak } from "./i18n";
import { ChatPage } from "./pages/ChatPage";
import { App } from "./state/app";
import { openStorage } from "./state/memory";
import { openKept, type Kept } from "./state/offline";
import "./styles/main.css";

const kept: Kept = openKept((input, init) => fetch(input, init), window.caches, () => app.access.key.peek(), document.baseURI);
const app: App = new App({ window, storage: openStorage(window), clock: Date, ...kept });
app.start();
leaveToInputMethods(window);

const chosen = computed(() => app.settings.current.value.language);
const speakChosen = () => speak(chosen.value, navigator.languages);
effect(() => {
  document.documentElement.lang = language.value.tag;
  document.documentElement.dir = language.value.direction;
});
window.addEventListener("languagechange", () => void speakChosen());

const root = document.getElementById("app");
await speakChosen(); // before the first paint, so that no other language flashes
effect(() => void speakChosen());
if (root) {
  render(
    <AppProvider value={app}>
      <ChatPage />
    </AppProvider>,
    root,
  );
}
if (import.meta.env.PROD) void import("./state/updates").then(({ watchForUpdates }) => watchForUpdates(window, app.notices));
