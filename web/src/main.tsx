import { render } from "preact";
import { AppProvider } from "./components/context";
import { ChatPage } from "./pages/ChatPage";
import { App } from "./state/app";
import { openStorage } from "./state/memory";
import "./styles/main.css";

const app = new App({
  window,
  storage: openStorage(window),
  clock: Date,
  fetch: (input, init) => fetch(input, init),
  tab: Math.random().toString(36).slice(2, 10),
});
app.start();

const root = document.getElementById("app");
if (root) {
  render(
    <AppProvider value={app}>
      <ChatPage />
    </AppProvider>,
    root,
  );
}
