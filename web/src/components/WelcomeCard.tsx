import { useEffect, useState } from "preact/hooks";
import { formatBytes, formatRate, t } from "../i18n";
import { useApp } from "./context";
import { hasDialog } from "./dialogs";

interface ModelRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly bytes: number | null;
  readonly memory_bytes: number | null;
  readonly fits: boolean;
  readonly tokens_per_second: number | null;
  readonly thinking: boolean;
  readonly served?: boolean;
}

const OFFERED = 2; // models

/** On the first visit: which model runs, how fast it is here, and what else fits this machine. */
export function WelcomeCard() {
  const app = useApp();
  const [models, setModels] = useState<readonly ModelRow[] | null>(null);
  useEffect(() => {
    app.client.json<{ readonly data: readonly ModelRow[] }>("api/models").then(
      ({ data }) => setModels(data),
      () => undefined, // the card is a courtesy: the page says elsewhere what is wrong
    );
  }, []);
  const running = models?.find(({ served, state }) => served ?? state === "ready");
  if (!models || !running) return null;
  const larger = ({ memory_bytes: size }: ModelRow) => (size ?? 0) > (running.memory_bytes ?? 0);
  const better = models.filter((model) => model.state === "downloadable" && model.fits && larger(model));
  const offered = better.toSorted((a, b) => Number(b.thinking) - Number(a.thinking) || (b.memory_bytes ?? 0) - (a.memory_bytes ?? 0)).slice(0, OFFERED);
  return (
    <section class="welcome" aria-label={t("chat.welcome")}>
      <p>
        <strong>{t("chat.welcomeModel", { model: running.name })}</strong>{" "}
        {running.tokens_per_second !== null && t("chat.welcomeSpeed", { rate: formatRate(running.tokens_per_second) })}{" "}
        {t(running.thinking ? "chat.welcomeThinks" : "chat.welcomeNoThinking")}
      </p>
      {offered.length > 0 && (
        <>
          <p>{t("chat.welcomeBetter")}</p>
          <ul>
            {offered.map((model) => (
              <li key={model.id}>
                <span>{model.name}</span>
                <small>{[model.bytes === null ? "" : formatBytes(model.bytes), model.thinking ? t("chat.thinks") : ""].filter(Boolean).join(" · ")}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      {hasDialog("models") && (
        <button type="button" class="button" onClick={() => app.openDialog("models")}>
          {t("chat.welcomeChoose")}
        </button>
      )}
    </section>
  );
}
