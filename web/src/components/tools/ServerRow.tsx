import { useState } from "preact/hooks";
import { checkServer, enableServer, removeServer, type ToolServer } from "../../api/assistant/tools";
import { t } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";

interface Props {
  readonly server: ToolServer;
  refresh(): Promise<void>;
}

/** One server: whether it answers, on or off, and away with it. */
export function ServerRow({ server, refresh }: Props) {
  const { client } = useApp();
  const [note, setNote] = useState(server.error ?? "");
  const attempt = (work: Promise<unknown>) => void work.then(refresh, (error: Error) => setNote(error.message));
  const check = async () => {
    setNote(t("tools.checking"));
    try {
      const { tools, error } = await checkServer(client, server.id);
      setNote(error ?? t("tools.checked", { count: tools.length, names: tools.map(({ title }) => title).join(", ") }));
      await refresh();
    } catch (error) {
      setNote((error as Error).message);
    }
  };
  return (
    <div class="tool-server">
      <p>
        <strong>{server.name}</strong> <code>{server.transport === "stdio" ? [server.config.command, ...server.config.args].join(" ") : server.config.url}</code>
      </p>
      <div class="buttons">
        <label class="check">
          <input type="checkbox" checked={server.enabled} onChange={({ currentTarget }) => attempt(enableServer(client, server.id, currentTarget.checked))} />
          <span>{t("tools.enabled")}</span>
        </label>
        <button type="button" class="button" onClick={() => void check()}>
          {t("tools.check")}
        </button>
        <button type="button" class="button" onClick={() => attempt(removeServer(client, server.id))}>
          {t("tools.remove")}
        </button>
      </div>
      <p class={server.error !== null && note === server.error ? "tool-error" : "hint"} role="status">
        {note}
      </p>
    </div>
  );
}
