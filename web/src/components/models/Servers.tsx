import { useEffect, useRef, useState } from "preact/hooks";
import { addUpstream, checkUpstream, listUpstreams, removeUpstream, type Upstream } from "../../api/assistant/models";
import { t } from "../../i18n";
import "../../i18n/en/models";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";
import { Icon } from "../Icon";

/** Other servers whose models answer: what there is, and a form that checks a new one before it is stored. */
export function Servers({ back }: { back(): void }) {
  const { client, models } = useApp();
  const [upstreams, setUpstreams] = useState<readonly Upstream[]>([]);
  const [said, setSaid] = useState<{ readonly text: string; readonly bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const refresh = async () => setUpstreams(await listUpstreams(client));
  const act = async (work: () => Promise<string>) => {
    setBusy(true);
    setSaid(null);
    try {
      setSaid({ text: await work(), bad: false });
      await refresh();
      await models.refresh();
    } catch (error) {
      setSaid({ text: failureOf(error).message, bad: true });
    }
    setBusy(false);
  };
  useEffect(() => {
    refresh().catch((error: unknown) => setSaid({ text: failureOf(error).message, bad: true }));
  }, []);
  const add = async () => {
    const values = new FormData(form.current ?? undefined);
    const [name, address, key] = ["name", "address", "key"].map((field) => String(values.get(field) ?? "").trim());
    const added = await addUpstream(client, { name: name ?? "", base_url: address ?? "", ...(key ? { api_key: key } : {}) });
    form.current?.reset();
    return t("models.serverWorks", { name: added.name });
  };
  return (
    <div class="models-server-page">
      <button type="button" class="text-button" onClick={back}>
        <Icon name="chevron" size={12} /> {t("models.back")}
      </button>
      <p>{t("models.serversHelp")}</p>
      <ul class="models-server-list">
        {upstreams.map((upstream) => (
          <li key={upstream.id}>
            <span>
              <strong>{upstream.name}</strong> <small>{t("models.serverModels", { count: upstream.models.length })}</small>
              <br />
              <small>{[upstream.base_url, upstream.key].filter(Boolean).join(" · ")}</small>
            </span>
            <button
              type="button"
              class="button"
              disabled={busy}
              aria-label={`${t("models.check")} ${upstream.name}`}
              onClick={() =>
                void act(async () => {
                  await checkUpstream(client, upstream.id);
                  return t("models.serverWorks", { name: upstream.name });
                })
              }
            >
              {t("models.check")}
            </button>
            <button
              type="button"
              class="button"
              disabled={busy}
              aria-label={`${t("models.removeServer")} ${upstream.name}`}
              onClick={() =>
                void act(async () => {
                  await removeUpstream(client, upstream.id);
                  return "";
                })
              }
            >
              {t("models.removeServer")}
            </button>
          </li>
        ))}
      </ul>
      <form
        ref={form}
        class="models-server-form"
        onSubmit={(event) => {
          event.preventDefault();
          void act(add);
        }}
      >
        <h3>{t("models.addServer")}</h3>
        <label>
          <span>{t("models.name")}</span>
          <input name="name" required maxLength={40} pattern="[^@\/]+" placeholder="DeepSeek" autocomplete="off" title={t("models.nameHelp")} />
        </label>
        <label>
          <span>{t("models.address")}</span>
          <input name="address" type="url" required placeholder="https://api.deepseek.com" autocomplete="off" />
        </label>
        <label>
          <span>{t("models.key")}</span>
          <input name="key" type="password" autocomplete="off" title={t("models.keyHelp")} />
        </label>
        <p class="hint">{t("models.keyHelp")}</p>
        {said && said.text && <p role={said.bad ? "alert" : "status"}>{said.text}</p>}
        <button type="submit" class="button primary" disabled={busy}>
          {busy ? t("models.checking") : t("models.add")}
        </button>
      </form>
    </div>
  );
}
