import type { Message, ToolCallPart } from "../../api/assistant/types";
import { formatDuration, t } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";
import type { PartProps } from "../parts";
import { ProducedFiles } from "./ProducedFiles";
import { argumentsOf, toolLabel } from "./names";

const STATES = {
  consent: "tools.waits",
  running: "tools.running",
  done: "tools.done",
  failed: "tools.failed",
  refused: "tools.refused",
} as const;

/** A tool's call: what is called with what, how it goes, what came of it; and the reader's word where that is asked for. */
export function ToolCall({ part, message }: PartProps<ToolCallPart>) {
  const { state, result, ms } = part;
  const waits = state === "consent";
  return (
    <section class={`tool-call ${state}`} aria-label={toolLabel(part.name)}>
      <details open={waits}>
        <summary>
          <strong>{toolLabel(part.name)}</strong>
          <span class="tool-state">
            {t(STATES[state])}
            {ms !== null && state !== "running" && ` · ${formatDuration(ms < 10_000 ? Math.round(ms / 100) / 10 : Math.round(ms / 1000))}`}
          </span>
        </summary>
        <Arguments part={part} />
        {result?.text && (
          <>
            <h3>{t("tools.result")}</h3>
            <pre class="tool-text" tabIndex={0}>{result.text}</pre>
          </>
        )}
      </details>
      {result?.error && <p class="tool-error">{result.error}</p>}
      {result?.files && result.files.length > 0 && <ProducedFiles files={result.files} />}
      {waits && <Consent part={part} message={message} />}
    </section>
  );
}

/** Programs and single texts as they are, everything else by name. */
function Arguments({ part }: { readonly part: ToolCallPart }) {
  const given = argumentsOf(part.arguments);
  return (
    <>
      <h3>{t("tools.arguments")}</h3>
      {given.length === 0 ? (
        <p class="hint">{t("tools.noArguments")}</p>
      ) : (
        <dl class="tool-arguments">
          {given.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <pre tabIndex={0}>{value}</pre>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

function Consent({ part, message }: { readonly part: ToolCallPart; readonly message: Message }) {
  const { actions } = useApp();
  return (
    <div class="tool-consent" role="group" aria-label={t("tools.consent")}>
      <p>{t("tools.consent")}</p>
      <div class="buttons">
        <button type="button" class="button primary" onClick={() => void actions.consent(message, part.id, true)}>
          {t("tools.allow")}
        </button>
        <button type="button" class="button" onClick={() => void actions.consent(message, part.id, true, true)}>
          {t("tools.allowAlways")}
        </button>
        <button type="button" class="button" onClick={() => void actions.consent(message, part.id, false)}>
          {t("tools.refuse")}
        </button>
      </div>
    </div>
  );
}
