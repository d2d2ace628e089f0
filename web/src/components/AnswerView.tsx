import { useMemo } from "preact/hooks";
import type { Message } from "../api/assistant/types";
import { CitationContext } from "../markdown/Cite";
import { formatRate, t } from "../i18n";
import type { Asking } from "../state/access";
import { isMoving, textOf } from "../state/message";
import type { ModelState } from "../state/model";
import { CopyButton } from "./CopyButton";
import { useApp } from "./context";
import { Icon, Mark } from "./Icon";
import { lazy } from "./lazy";
import { stateText } from "./ModelBadge";
import { PartView } from "./parts";
import { citationsOf, SourceList } from "./parts/SourceList";
import { formatCost } from "./parts/ThinkingPane";
import { Sentence } from "./Sentence";
import { Versions } from "./Versions";

const SpeakButton = "speechSynthesis" in globalThis ? lazy(() => import("./speech/SpeakButton").then((module) => module.SpeakButton)) : null;

interface Props {
  readonly message: Message;
  readonly last: boolean;
}

export function AnswerView({ message, last }: Props) {
  const moving = isMoving(message);
  const text = textOf(message);
  const sources = useMemo(() => new Map(citationsOf(message).map((source) => [source.number, source])), [message.parts]);
  return (
    <article class="answer" aria-busy={moving}>
      <h2 class="sr-only">Fathom</h2>
      <Mark size={26} />
      <div class="answer-body">
        <CitationContext.Provider value={sources}>
          {message.parts.map((part, position) => (
            <PartView key={position} part={part} message={message} position={position} streaming={moving && position === message.parts.length - 1} />
          ))}
        </CitationContext.Provider>
        <SourceList message={message} />
        {moving && <Waiting message={message} />}
        {moving && message.siblings.length > 1 && (
          <div class="actions">
            <Compare message={message} />
          </div>
        )}
        {!moving && <Ending message={message} last={last} />}
        {!moving && (
          <div class="actions">
            <Versions message={message} />
            {text && (
              <span class="copy-answer">
                <CopyButton text={text} label={t("chat.copyAnswer")} />
              </span>
            )}
            {text && SpeakButton && <SpeakButton id={message.id} text={text} />}
            {message.state !== "failed" && message.state !== "interrupted" && <Regenerate message={message} />}
            {message.siblings.length > 1 && <Compare message={message} />}
            <Figures message={message} />
          </div>
        )}
      </div>
    </article>
  );
}

/** That something is being done where nothing grows: before the first token, while a tool runs. */
function Waiting({ message }: { readonly message: Message }) {
  const { access, model, thread } = useApp();
  const status = thread.value?.status.value ?? null;
  const last = message.parts.at(-1);
  if (status === null && (last?.type === "answer" || last?.type === "thinking" || last?.type === "vote")) return null;
  if (last?.type === "tool_call" && last.state === "consent") return null; // it is the reader who is waited for
  return (
    <p class="waiting">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {status ?? reason(model.state.value, access.asking.value)}
    </p>
  );
}

/** Why nothing comes yet; nothing where it is only a moment. */
function reason(model: ModelState, asking: Asking | null): string {
  if (asking) return t("chat.waitKey");
  if (model.phase === "loading") return t("chat.waitLoading", { state: stateText(model) });
  if (model.phase === "unreachable") return t("chat.waitReconnect");
  return "";
}

/** What happened to an answer that did not end by itself, and how to go on. */
function Ending({ message, last }: Props) {
  const { actions } = useApp();
  const hasText = textOf(message) !== "" || message.parts.some(({ type }) => type === "thinking");
  if (message.state === "failed" && message.error?.message) {
    return (
      <div class="problem" role="alert">
        <p>
          <strong>{t("chat.failed")}</strong> <Sentence text={message.error.message} />{" "}
          <span class="remedy">
            <Sentence text={message.error.remedy ?? ""} />
          </span>
        </p>
        <div class="buttons">
          {last && hasText && <Continue message={message} />}
          <button type="button" class="button" onClick={() => void actions.regenerate(message)}>
            <Icon name="retry" size={16} /> {t("chat.retry")}
          </button>
        </div>
      </div>
    );
  }
  if (message.state === "interrupted") return <Interrupted message={message} />;
  const note = endingNote(message);
  if (note === null) return null;
  return (
    <div class="ending">
      <span>
        {note} {message.error && <Sentence text={message.error.message} />}
      </span>
      {last && hasText && <Continue message={message} />}
      {last && (
        <button type="button" class="text-button" onClick={() => void actions.regenerate(message)}>
          {t("chat.regenerate")}
        </button>
      )}
    </div>
  );
}

/** An answer whose model is not there since the server was started again: why, and that it waits. */
function Interrupted({ message }: { readonly message: Message }) {
  const { actions } = useApp();
  return (
    <div class="problem waits">
      <p>
        <strong>{t("chat.interrupted")}</strong> <Sentence text={message.error?.message ?? ""} />{" "}
        <span class="remedy">
          <Sentence text={message.error?.remedy ?? ""} /> {t("chat.interruptedNote")}
        </span>
      </p>
      <div class="buttons">
        <button type="button" class="button" onClick={() => void actions.stop()}>
          {t("chat.stopWaiting")}
        </button>
        <button type="button" class="button" onClick={() => void actions.regenerate(message)}>
          <Icon name="retry" size={16} /> {t("chat.regenerate")}
        </button>
      </div>
    </div>
  );
}

export function endingNote(message: Message): string | null {
  if (message.state === "failed") return t("chat.failed");
  if (message.state === "stopped") return t("chat.noteStopped");
  if (message.finish_reason === "length") return t("chat.noteLength");
  return textOf(message) === "" && !message.parts.some(({ type }) => type === "vote") ? t("chat.noteEmpty") : null;
}

function Continue({ message }: { readonly message: Message }) {
  const { actions } = useApp();
  return (
    <button type="button" class="text-button" onClick={() => void actions.continue(message)}>
      {t("chat.continue")}
    </button>
  );
}

function Regenerate({ message }: { readonly message: Message }) {
  const { actions } = useApp();
  const label = t("chat.regenerateAnswer");
  return (
    <button type="button" class="icon-button small" aria-label={label} title={label} onClick={() => void actions.regenerate(message)}>
      <Icon name="retry" size={16} />
    </button>
  );
}

function Compare({ message }: { readonly message: Message }) {
  const app = useApp();
  const label = t("chat.compare");
  return (
    <button type="button" class="icon-button small" aria-label={label} title={label} onClick={() => app.openDialog("compare", { ids: message.siblings, at: message.id })}>
      <Icon name="compare" size={16} />
    </button>
  );
}

/** Speed and counts, in small print. */
function Figures({ message }: { readonly message: Message }) {
  const { usage, model } = message;
  if (!usage) return null;
  const count = usage.completion_tokens ?? 0;
  const rate = usage.tokens_per_second;
  const thought = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  const shown = [
    t("chat.tokens", { count }),
    typeof rate === "number" ? t("chat.tokensPerSecond", { rate: formatRate(rate) }) : "",
    typeof usage.cost === "number" ? formatCost(usage.cost) : "",
  ];
  const detail = [model ?? "", t("chat.tokensRead", { count: usage.prompt_tokens ?? 0 }), thought ? t("chat.tokensThought", { thought, count }) : ""];
  return (
    <span class="figures" title={detail.filter(Boolean).join(" · ")}>
      {shown.filter(Boolean).join(" · ")}
    </span>
  );
}
