import { useState } from "preact/hooks";
import { addServer } from "../../api/assistant/tools";
import { t } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";
import { pairs, words } from "./commandLine";

/** A new server: a program with its command line, or an address. */
export function ServerForm({ added }: { added(): Promise<void> }) {
  const { client } = useApp();
  const [transport, setTransport] = useState<"stdio" | "http">("stdio");
  const [problem, setProblem] = useState("");
  const submit = async (form: HTMLFormElement) => {
    const field = (name: string) => String(new FormData(form).get(name) ?? "");
    const [command = "", ...args] = words(field("target"));
    const extra = pairs(field("extra"), transport === "stdio" ? "=" : ":");
    const name = field("name");
    try {
      await addServer(
        client,
        transport === "stdio" ? { name, transport, config: { command, args, env: extra } } : { name, transport, config: { url: field("target").trim(), headers: extra } },
      );
      form.reset();
      setProblem("");
      await added();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const program = transport === "stdio";
  return (
    <form
      class="tool-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      <div class="pair">
        <label>
          <span>{t("tools.serverName")}</span>
          <input name="name" required pattern="[a-z0-9][a-z0-9\-]{0,23}" autocomplete="off" />
          <small>{t("tools.serverNameHelp")}</small>
        </label>
        <label>
          <span>{t("tools.transport")}</span>
          <select value={transport} onChange={({ currentTarget }) => setTransport(currentTarget.value === "http" ? "http" : "stdio")}>
            <option value="stdio">{t("tools.stdio")}</option>
            <option value="http">{t("tools.http")}</option>
          </select>
        </label>
      </div>
      <label>
        <span>{t(program ? "tools.command" : "tools.url")}</span>
        <input key={transport} name="target" required autocomplete="off" spellcheck={false} {...(program ? {} : { pattern: "https?://[^ ]+" })} />
        {program && <small>{t("tools.commandHelp")}</small>}
      </label>
      <label>
        <span>{t(program ? "tools.env" : "tools.headers")}</span>
        <textarea key={transport} name="extra" rows={2} autocomplete="off" spellcheck={false} />
        <small>{t(program ? "tools.envHelp" : "tools.headersHelp")}</small>
      </label>
      {problem && (
        <p class="tool-error" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="button primary">
        {t("tools.add")}
      </button>
    </form>
  );
}
