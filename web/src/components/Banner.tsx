/** What the reader must know before typing on: the model is not there, or nothing can be kept. */

import { useApp } from "./context";
import { Sentence } from "./Sentence";
import { nodes, t } from "../i18n";

export function Banner() {
  const app = useApp();
  const { phase, error, remedy, progress, stage } = app.model.state.value;
  const retry = (
    <button type="button" class="text-button" onClick={() => void app.model.refresh()}>
      {t("model.checkAgain")}
    </button>
  );
  if (phase === "failed") {
    return (
      <div class="banner bad" role="alert">
        <p>
          <strong>{t("model.failed")}</strong> <Sentence text={error ?? ""} />{" "}
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
          <strong>{t("model.unreachable")}</strong> {nodes("model.unreachableHelp", { command: <code key="command">fathom chat</code> })}
        </p>
        {retry}
      </div>
    );
  }
  if (phase === "loading") {
    return (
      <div class="banner loading">
        <p>
          <strong>{t("model.loading")}</strong>
          {stage && ` · ${stage}`}. {t("model.loadingHelp")}
        </p>
        <progress aria-label={t("model.loadingProgress")} {...(progress === null ? {} : { value: progress, max: 1 })} />
      </div>
    );
  }
  const problem = app.problem.value;
  if (problem) {
    return (
      <div class="banner" role="alert">
        <p>
          <strong>{t("chat.notStored")}</strong> <Sentence text={problem.message} />{" "}
          <span class="remedy">
            <Sentence text={problem.remedy ?? ""} />
          </span>
        </p>
      </div>
    );
  }
  return null;
}
