import type { Signal } from "@preact/signals";
import { Markdown } from "../markdown/Markdown";
import type { Asking } from "../state/access";
import type { ModelState } from "../state/model";
import type { Message, Status } from "../state/records";
import { CopyButton } from "./CopyButton";
import { useApp } from "./context";
import { Icon, Mark } from "./Icon";
import { stateText } from "./ModelBadge";
import { Sentence } from "./Sentence";
import { ThinkingPane } from "./ThinkingPane";
import { Versions } from "./Versions";
import { formatRate, t } from "../i18n";

interface Props {
  readonly signal: Signal<Message>;
  readonly status: Status; // as it is to be shown: a stale stream is interrupted
  readonly siblings: readonly string[];
  readonly last: boolean;
}

export function AnswerView({ signal, status, siblings, last }: Props) {
  const message = signal.value;
  const streaming = status === "streaming";
  const moving = streaming || status === "waiting";
  const thinks = streaming && message.thinkingSince !== null;
  return (
    <article class="answer" aria-busy={moving}>
      <h2 class="sr-only">Fathom</h2>
      <Mark size={26} />
      <div class="answer-body">
        {message.thinking && <ThinkingPane id={message.id} text={message.thinking} ms={message.thinkingMs} since={thinks ? message.thinkingSince : null} />}
        {message.text && <Markdown text={message.text} streaming={streaming} />}
        {moving && !message.text && !message.thinking && <Waiting status={status} />}
        {!moving && <Ending signal={signal} status={status} last={last} />}
        {!moving && (
          <div class="actions">
            <Versions message={message} siblings={siblings} />
            {message.text && <CopyButton text={message.text} label={t("chat.copyAnswer")} />}
            {message.error === null && <Regenerate message={message} />}
            <Figures message={message} />
          </div>
        )}
      </div>
    </article>
  );
}

function Waiting({ status }: { readonly status: Status }) {
  const { access, model } = useApp();
  return (
    <p class="waiting">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {status === "waiting" && reason(model.state.value, access.asking.value)}
    </p>
  );
}

/** Why nothing comes yet; nothing where it is only a moment. */
function reason(model: ModelState, asking: Asking | null): string {
  if (asking) return t("chat.waitKey");
  if (model.phase === "loading") return t("chat.waitLoading", { state: stateText(model) });
  if (model.phase === "unreachable") return t("chat.waitUnreachable");
  return "";
}

/** What happened to an answer that did not end by itself, and how to go on. */
function Ending({ signal, status, last }: Pick<Props, "signal" | "status" | "last">) {
  const app = useApp();
  const message = signal.value;
  if (status === "failed" || (status === "interrupted" && message.error !== null)) {
    return (
      <div class="problem" role="alert">
        <p>
          <strong>{t(status === "failed" ? "chat.failed" : "chat.interrupted")}</strong> <Sentence text={message.error ?? ""} />{" "}
          <span class="remedy">
            <Sentence text={message.remedy ?? ""} />
          </span>
        </p>
        <div class="buttons">
          {last && message.text && <Continue signal={signal} />}
          <button type="button" class="button" onClick={() => app.regenerate(message)}>
            <Icon name="retry" size={16} /> {t("chat.retry")}
          </button>
        </div>
      </div>
    );
  }
  const note = endingNote(message, status);
  if (note === null) return null;
  return (
    <div class="ending">
      <span>{note}</span>
      {last && message.text && <Continue signal={signal} />}
      {last && (
        <button type="button" class="text-button" onClick={() => app.regenerate(message)}>
          {t("chat.regenerate")}
        </button>
      )}
    </div>
  );
}

export function endingNote(message: Message, status: Status): string | null {
  if (status === "interrupted") return t("chat.noteInterrupted");
  if (status === "stopped") return t("chat.noteStopped");
  if (message.finish === "length") return t("chat.noteLength");
  return message.text === "" ? t("chat.noteEmpty") : null;
}

function Continue({ signal }: { readonly signal: Signal<Message> }) {
  const app = useApp();
  return (
    <button type="button" class="text-button" onClick={() => app.answers.continue(signal)}>
      {t("chat.continue")}
    </button>
  );
}

function Regenerate({ message }: { readonly message: Message }) {
  const app = useApp();
  return (
    <button type="button" class="icon-button small" aria-label={t("chat.regenerateAnswer")} title={t("chat.regenerateAnswer")} onClick={() => app.regenerate(message)}>
      <Icon name="retry" size={16} />
    </button>
  );
}

/** Speed and counts, in small print. */
function Figures({ message }: { readonly message: Message }) {
  const { usage, tokensPerSecond } = message;
  if (!usage) return null;
  const parts = [
    t("chat.tokens", { count: usage.completionTokens }),
    tokensPerSecond === null ? "" : t("chat.tokensPerSecond", { rate: formatRate(tokensPerSecond) }),
  ];
  const detail = [
    message.model ?? "",
    t("chat.tokensRead", { count: usage.promptTokens }),
    usage.reasoningTokens ? t("chat.tokensThought", { thought: usage.reasoningTokens, count: usage.completionTokens }) : "",
  ];
  return (
    <span class="figures" title={detail.filter(Boolean).join(" · ")}>
      {parts.filter(Boolean).join(" · ")}
    </span>
  );
}
