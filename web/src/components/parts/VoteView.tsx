import type { Candidate, VotePart } from "../../api/assistant/types";
import { formatNumber, t } from "../../i18n";
import { Markdown } from "../../markdown/Markdown";
import { GrowingText } from "./GrowingText";
import type { PartProps } from "./index";

/** Thoughts side by side, and how their answers stand: the bar of each grows as the thoughts end. */
export function VoteView({ part, streaming }: PartProps<VotePart>) {
  const { candidates, tally, chosen } = part;
  const winner = chosen === null ? null : (candidates.find(({ index }) => index === chosen)?.extracted ?? null);
  return (
    <section class="vote" aria-label={t("chat.vote")}>
      {tally.length > 0 && (
        <ul class="tally" aria-label={t("chat.tally")}>
          {tally.toSorted((a, b) => b.count - a.count).map(({ answer, count }) => (
            <li key={answer} class={answer === winner ? "chosen" : ""}>
              <span class="tally-answer">{answer}</span>
              <progress value={count} max={Math.max(1, candidates.length)} aria-label={t("chat.votesFor", { answer })} />
              <span>{t("chat.votes", { count })}</span>
            </li>
          ))}
        </ul>
      )}
      <div class="candidates">
        {candidates.map((candidate) => (
          <CandidateView key={candidate.index} candidate={candidate} chosen={candidate.index === chosen} streaming={streaming} />
        ))}
      </div>
    </section>
  );
}

function CandidateView({ candidate, chosen, streaming }: { readonly candidate: Candidate; readonly chosen: boolean; readonly streaming: boolean }) {
  const { index, thinking, answer, extracted } = candidate;
  const moving = streaming && extracted === null && candidate.state !== "done" && candidate.state !== "failed";
  return (
    <details class={chosen ? "candidate chosen" : "candidate"} open={moving}>
      <summary>
        {t("chat.thoughtNumber", { number: formatNumber(index + 1) })}
        {extracted !== null && <strong> → {extracted}</strong>}
      </summary>
      {thinking && <GrowingText text={thinking} label={t("chat.thinking")} onScrollUp={() => undefined} />}
      {answer && <Markdown text={answer} streaming={moving} />}
    </details>
  );
}
