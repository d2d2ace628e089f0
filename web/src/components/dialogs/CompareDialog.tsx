import { useEffect, useState } from "preact/hooks";
import { getMessage } from "../../api/assistant/messages";
import type { Message } from "../../api/assistant/types";
import { formatDate, t } from "../../i18n";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";
import { Dialog } from "../Dialog";
import { PartView } from "../parts";
import type { DialogProps } from "./index";

/** Two answers to the same question side by side; on a phone one after the other, which a swipe changes. */
export function CompareDialog({ ids, at, close }: DialogProps) {
  const { client } = useApp();
  const all = Array.isArray(ids) ? (ids as unknown[]).filter((id): id is string => typeof id === "string") : [];
  const right = Math.max(0, all.indexOf(String(at)));
  const [shown, setShown] = useState<readonly [number, number]>([right === 0 ? Math.min(1, all.length - 1) : right - 1, right]);
  const [messages, setMessages] = useState<ReadonlyMap<string, Message>>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  const [first, second] = shown.map((index) => all[index]);
  useEffect(() => {
    for (const id of [first, second]) {
      if (id === undefined || messages.has(id)) continue;
      getMessage(client, id).then(
        (message) => setMessages((before) => new Map(before).set(id, message)),
        (error: unknown) => setProblem(failureOf(error).message),
      );
    }
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
        <PartView key={position} part={part} message={message} position={position} streaming={false} />
      ))}
      <button type="button" class="button" onClick={use}>
        {t("chat.useVersion")}
      </button>
    </>
  );
}
