import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { failureOf } from "../state/outbox";
import { useApp } from "./context";

interface Model {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly thinking: boolean;
}

/** Models at hand that can think: a press answers this chat with one of them from now on. */
export function ThinkingModels({ chat }: { readonly chat: string | null }) {
  const app = useApp();
  const [models, setModels] = useState<readonly Model[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    app.client.json<{ data: readonly Model[] }>("api/models").then(
      ({ data }) => setModels(data.filter(({ thinking }) => thinking)),
      (error: unknown) => setProblem(failureOf(error).message),
    );
  }, []);
  if (problem !== null) return <p role="alert">{problem}</p>;
  if (models === null) return null;
  const here = models.filter(({ state }) => ["ready", "loading", "available"].includes(state));
  return (
    <>
      {here.length > 0 && <p>{t("chat.thinkingModels")}</p>}
      {here.map(({ id, name }) => (
        <button key={id} type="button" class="button" onClick={() => app.chooseThinker(chat, id)}>
          {name}
        </button>
      ))}
      {here.length === 0 && <p>{t(models.length > 0 ? "chat.thinkersToDownload" : "chat.noThinkers")}</p>}
      <button type="button" class="button" onClick={() => app.openDialog("models", { thinking: true })}>
        {t("model.all")}
      </button>
    </>
  );
}
