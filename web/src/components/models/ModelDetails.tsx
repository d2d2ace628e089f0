import { useState } from "preact/hooks";
import { cancelDownload, loadModel, measureModel, removeModel, setVision, startDownload, type ModelRow } from "../../api/assistant/models";
import { formatBytes, formatNumber, formatPercent, formatRate, t } from "../../i18n";
import "../../i18n/en/models";
import { isUsable } from "../../state/models";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";

interface Props {
  readonly row: ModelRow;
  readonly current: boolean;
  use(): void;
  close(): void;
}

/** What is known of one model, and what can be done with it. */
export function ModelDetails({ row, current, use, close }: Props) {
  const app = useApp();
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const [sees, setSees] = useState<boolean | null>(null); // as it was just switched
  const act = async (work: () => Promise<void>) => {
    setFailure("");
    setBusy(true);
    try {
      await work();
    } catch (error) {
      const { message, remedy } = failureOf(error);
      setFailure([message, remedy].filter(Boolean).join(" — "));
    }
    setBusy(false);
    await app.models.refresh();
  };
  const last = app.thread.value?.last ?? null;
  const again = last?.role === "assistant" && ["done", "stopped", "failed"].includes(last.state) ? last : null;
  const { client } = app;
  return (
    <section class="models-details" aria-label={t("models.details", { model: row.name })}>
      <h3>{row.name}</h3>
      {row.purpose && <p>{row.purpose}</p>}
      {row.progress !== null && row.state !== "downloadable" && <Progress row={row} value={row.progress} />}
      {(failure || row.error) && <p role="alert">{failure || [row.error?.message, row.error?.remedy].filter(Boolean).join(" — ")}</p>}
      {asking ? (
        <div class="buttons" role="group" aria-label={t("models.removeConfirm", { model: row.name })}>
          <p>{t("models.removeConfirm", { model: row.name })}</p>
          <button type="button" class="button" onClick={() => setAsking(false)}>
            {t("models.keep")}
          </button>
          <button
            type="button"
            class="button primary"
            onClick={() => {
              setAsking(false);
              void act(() => removeModel(client, row.id));
            }}
          >
            {t("models.remove")}
          </button>
        </div>
      ) : (
        <div class="buttons">
          {isUsable(row) && !current && (
            <button
              type="button"
              class="button primary"
              onClick={() => {
                if (row.state === "available") void loadModel(client, row.id).catch(() => undefined); // the question says why
                use();
              }}
            >
              {t("models.use")}
            </button>
          )}
          {isUsable(row) && again && (
            <button
              type="button"
              class="button"
              onClick={() => {
                void app.actions.regenerate(again, { model: row.id });
                close();
              }}
            >
              {t("models.second")}
            </button>
          )}
          {row.kind === "recommended" && row.state !== "downloading" && (
            <button type="button" class="button primary" disabled={busy} onClick={() => void act(() => startDownload(client, row.id))}>
              {downloadLabel(row)}
            </button>
          )}
          {row.state === "downloading" && (
            <button type="button" class="button" onClick={() => void act(() => cancelDownload(client, row.id))}>
              {t("models.cancel")}
            </button>
          )}
          {row.kind === "local" && row.state !== "failed" && (
            <button type="button" class="button" disabled={busy} onClick={() => void act(() => measureModel(client, row.id))}>
              {busy ? t("models.measuring") : t("models.measure")}
            </button>
          )}
          {row.removable && !row.served && row.state !== "downloading" && (
            <button type="button" class="button" disabled={busy} onClick={() => setAsking(true)}>
              {t("models.remove")}
            </button>
          )}
        </div>
      )}
      {row.kind === "upstream" && (
        <label class="models-switch" title={t("models.seesHelp")}>
          <input
            type="checkbox"
            checked={sees ?? row.vision}
            disabled={busy}
            onChange={({ currentTarget: { checked } }) => {
              setSees(checked);
              void act(() => setVision(client, row.id, checked)).then(() => setSees(null));
            }}
          />{" "}
          {t("models.seesSwitch")}
        </label>
      )}
      <Facts row={row} />
    </section>
  );
}

function downloadLabel({ bytes, progress }: ModelRow): string {
  if (progress !== null) return t("models.resume", { percent: formatPercent(progress) });
  return bytes === null ? t("models.download") : t("models.downloadSize", { size: formatBytes(bytes) });
}

function Progress({ row, value }: { readonly row: ModelRow; readonly value: number }) {
  const text = t("models.progress", { stage: row.stage ?? t(`models.state.${row.state}`), percent: formatPercent(value) });
  return (
    <p class="models-progress">
      <progress value={value} max={1} aria-label={text} /> <span>{text}</span>
    </p>
  );
}

function Facts({ row }: { readonly row: ModelRow }) {
  const speed = row.tokens_per_second === null ? t("models.notMeasured") : t("models.perSecond", { rate: formatRate(row.tokens_per_second) });
  const facts: readonly (readonly [string, string | null])[] = [
    [t("models.licence"), row.licence],
    [t("models.parameters"), row.parameters === null ? null : formatNumber(row.parameters, { notation: "compact", maximumFractionDigits: 1 })],
    [t("models.size"), row.bytes === null ? null : formatBytes(row.bytes)],
    [t("models.memory"), row.memory_bytes === null ? null : formatBytes(row.memory_bytes)],
    [t("models.context"), row.context === null ? null : t("models.tokens", { count: row.context })],
    [t("models.languages"), row.languages || null],
    [t("models.speed"), row.kind === "local" ? speed : null],
  ];
  return (
    <dl class="models-facts">
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
