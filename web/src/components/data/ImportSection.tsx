import { useState } from "preact/hooks";
import { importFile, reasonOf, type ImportResult } from "../../api/assistant/imports";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { useClient } from "./useClient";

type State = { readonly phase: "idle" } | { readonly phase: "sending" } | { readonly phase: "reading"; readonly done: number } | ({ readonly phase: "done" } & ImportResult) | { readonly phase: "failed"; readonly reason: string };

/** Takes a file of chats and says what became of it. */
export function ImportSection() {
  const client = useClient();
  const [state, setState] = useState<State>({ phase: "idle" });
  const busy = state.phase === "sending" || state.phase === "reading";
  const start = async (file: File) => {
    setState({ phase: "sending" });
    try {
      const result = await importFile(client, file, (done) => setState({ phase: "reading", done }));
      const { conversations, extended, known } = result.report;
      if (result.error !== null && conversations + extended + known === 0) setState({ phase: "failed", reason: result.error });
      else setState({ phase: "done", ...result });
    } catch (error) {
      setState({ phase: "failed", reason: reasonOf(error) });
    }
  };
  return (
    <section>
      <h3>{t("data.importTitle")}</h3>
      <p>{t("data.importHelp")}</p>
      <label class="button import" aria-disabled={busy}>
        {t("data.importChoose")}
        <input
          type="file"
          class="sr-only"
          accept=".json,.jsonl,.zip,application/json,application/zip"
          disabled={busy}
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            currentTarget.value = ""; // the same file can be chosen again
            if (file) void start(file);
          }}
        />
      </label>
      {busy && <progress aria-label={t("data.importTitle")} />}
      <output>{state.phase === "sending" ? t("data.importSending") : state.phase === "reading" ? t("data.importProgress", { count: state.done }) : ""}</output>
      {state.phase === "failed" && <p role="alert">{t("data.failed", { reason: state.reason })}</p>}
      {state.phase === "done" && <Report {...state} />}
    </section>
  );
}

function Report({ report, error }: ImportResult) {
  return (
    <div role="status">
      <p>
        {t("data.importAdded", { count: report.conversations })}
        {report.extended > 0 && ` ${t("data.importExtended", { count: report.extended })}`}
        {report.known > 0 && ` ${t("data.importKnown", { count: report.known })}`}
      </p>
      {error !== null && <p>{t("data.failed", { reason: error })}</p>}
      {report.skipped_count > 0 && (
        <details>
          <summary>{t("data.importSkipped", { count: report.skipped_count })}</summary>
          <ul>
            {report.skipped.map(({ title, reason }, index) => (
              <li key={index}>
                <strong>{title || t("data.untitled")}</strong>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
