import { useEffect, useState } from "preact/hooks";
import { isPassing, type Client } from "../../api/assistant/client";
import { getMessage } from "../../api/assistant/messages";
import type { Message } from "../../api/assistant/types";
import { formatDate, t } from "../../i18n";
import { isMoving } from "../../state/message";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import { PartView } from "../parts";
import type { DialogProps } from "./index";

const AGAIN_MS = 500;

/** Two answers to the same question side by side; on a phone one after the other, which a swipe changes. */
export function CompareDialog({ ids, at, close }: DialogProps) {
  const { client } = useApp();
  const all = Array.isArray(ids) ? (ids as unknown[]).filter((id): id is string => typeof id === "string") : [];
  const right = Math.max(Math.min(1, all.length - 1), all.indexOf(String(at))); // the older one is on the left
  const [shown, setShown] = useState<readonly [number, number]>([Math.max(0, right - 1), right]);
  const [messages, setMessages] = useState<ReadonlyMap<string, Message>>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  const [first, second] = shown.map((index) => all[index]);
  useEffect(() => {
    const show = (message: Message) => {
      setProblem(null);
      setMessages((before) => new Map(before).set(message.id, message));
    };
    const ends = [...new Set([first, second])].map((id) => follow(client, id, show, (error) => setProblem(failureOf(error).message)));
    return () => ends.forEach((end) => end());
  }, [first, second]);
  return (
    <Dialog title={t("chat.compare")} wide close={close}>
      {problem && <p role="alert">{problem}</p>}
      <div class="compare" tabIndex={0} role="group" aria-label={t("chat.compare")}>
        {[0, 1].map((side) => {
          const index = shown[side] ?? 0;
          const message = messages.get(all[index] ?? "");
          return (
            <section key={side} class="compare-side" aria-label={t("chat.version", { number: index + 1, count: all.length })}>
              <select
                aria-label={side === 0 ? t("chat.compareLeft") : t("chat.compareRight")}
                value={index}
                onChange={({ currentTarget }) => setShown(side === 0 ? [Number(currentTarget.value), shown[1]] : [shown[0], Number(currentTarget.value)])}
              >
                {all.map((id, number) => (
                  <option key={id} value={number}>
                    {t("chat.version", { number: number + 1, count: all.length })}
                  </option>
                ))}
              </select>
              {message && <Version message={message} close={close} />}
            </section>
          );
        })}
      </div>
    </Dialog>
  );
}

/**
 * Shows a message, and again as long as it is being written, also after the server was away. Only one of two is on the
 * path that the live stream feeds.
 */
function follow(client: Client, id: string | undefined, show: (message: Message) => void, fail: (error: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = id === undefined;
  const fetch = async () => {
    if (ended || id === undefined) return;
    let again = true;
    try {
      const message = await getMessage(client, id);
      if (ended) return;
      show(message);
      again = isMoving(message);
    } catch (error) {
      if (ended) return;
      fail(error);
      again = isPassing(error);
    }
    if (again) timer = setTimeout(() => void fetch(), AGAIN_MS);
  };
  void fetch();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function Version({ message, close }: { readonly message: Message; close(): void }) {
  const { actions } = useApp();
  const use = () => {
    close();
    void actions.choose(message.id);
  };
  return (
    <>
      <p class="hint">{[message.model, formatDate(message.created)].filter(Boolean).join(" · ")}</p>
      {message.parts.map((part, position) => (
        <PartView key={position} part={part} message={message} position={position} streaming={isMoving(message) && position === message.parts.length - 1} />
      ))}
      {message.error && <p class="file-problem">{[message.error.message, message.error.remedy].filter(Boolean).join(" — ")}</p>}
      <button type="button" class="button" onClick={use}>
        {t("chat.useVersion")}
      </button>
    </>
  );
}
