import { t } from "../i18n";
import type { Failure } from "../api/assistant/types";
import type { Outgoing } from "../state/outbox";
import { useApp } from "./context";
import { FileChips } from "./FileChips";
import { Icon } from "./Icon";
import { Sentence } from "./Sentence";

/** Why a question waits: nobody answers, or what the server says of itself. */
function Waiting({ problem }: { readonly problem: Failure }) {
  if (problem.message === t("errors.unreachable")) return <>{t("chat.waitUnreachable")}</>;
  return (
    <>
      <Sentence text={problem.message} /> <Sentence text={problem.remedy ?? ""} /> {t("chat.waitOver")}
    </>
  );
}

/** A question that the server does not have yet: on its way, waiting for the server, or refused. */
export function OutgoingView({ chat, item }: { readonly chat: string | null; readonly item: Outgoing }) {
  const { access, drafts, outbox } = useApp();
  const { id, text, files, state, problem } = item;
  const failed = state === "failed";
  const edit = () => {
    const taken = outbox.take(chat, id);
    if (!taken) return;
    const draft = drafts.of(chat).peek();
    drafts.change(chat, { text: [draft.text, taken.text].filter(Boolean).join("\n\n"), files: [...draft.files, ...taken.files] });
  };
  return (
    <article class="question outgoing">
      <h2 class="sr-only">{t("chat.you")}</h2>
      <FileChips files={files} />
      {text && <div class="bubble">{text}</div>}
      {failed && problem ? (
        <div class="problem" role="alert">
          <p>
            <strong>{t("chat.notSent")}</strong> <Sentence text={problem.message} />{" "}
            <span class="remedy">
              <Sentence text={problem.remedy ?? ""} />
            </span>
          </p>
          <div class="buttons">
            <button type="button" class="button" onClick={() => outbox.retry(chat, id)}>
              <Icon name="retry" size={16} /> {t("chat.retry")}
            </button>
            <button type="button" class="button" onClick={edit}>
              {t("chat.edit")}
            </button>
            <button type="button" class="button" onClick={() => outbox.take(chat, id)}>
              {t("chat.discard")}
            </button>
          </div>
        </div>
      ) : (
        <p class="hint">{access.asking.value ? t("chat.waitKey") : problem && <Waiting problem={problem} />}</p>
      )}
    </article>
  );
}
