/** What the reader must know before typing on: the model is not there, or nothing can be kept. */

import { useApp } from "./context";
import { Sentence } from "./Sentence";

export function Banner() {
  const app = useApp();
  const { phase, error, remedy, progress, stage } = app.model.state.value;
  const retry = (
    <button type="button" class="text-button" onClick={() => void app.model.refresh()}>
      Check again
    </button>
  );
  if (phase === "failed") {
    return (
      <div class="banner bad" role="alert">
        <p>
          <strong>The model could not be loaded.</strong> <Sentence text={error ?? ""} />{" "}
          <span class="remedy">
            <Sentence text={remedy ?? ""} />
          </span>
        </p>
        {retry}
      </div>
    );
  }
  if (phase === "unreachable") {
    return (
      <div class="banner" role="alert">
        <p>
          <strong>Fathom is not reachable.</strong> Your chats are safe in this browser. Start it again with <code>fathom chat</code>; the page
          reconnects by itself.
        </p>
        {retry}
      </div>
    );
  }
  if (phase === "loading") {
    return (
      <div class="banner loading">
        <p>
          <strong>The model is loading</strong>
          {stage && ` · ${stage}`}. You can write already: your message is sent as soon as it is ready.
        </p>
        <progress aria-label="Loading the model" {...(progress === null ? {} : { value: progress, max: 1 })} />
      </div>
    );
  }
  if (app.library.full.value) {
    return (
      <div class="banner bad" role="alert">
        <p>
          <strong>The browser cannot keep this chat.</strong> Its storage is full or switched off. Delete old chats, or allow storage for this
          page.
        </p>
      </div>
    );
  }
  return null;
}
