import { useEffect, useState } from "preact/hooks";
import { listServers, listTools, setPolicy, type Policy, type ToolInfo, type ToolServer } from "../../api/assistant/tools";
import { t, type PlainKey } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";
import { ServerForm } from "./ServerForm";
import { ServerRow } from "./ServerRow";
import { toolLabel } from "./names";

const POLICIES: readonly { readonly policy: Policy; readonly label: PlainKey }[] = [
  { policy: "ask", label: "tools.ask" },
  { policy: "always", label: "tools.always" },
  { policy: "never", label: "tools.never" },
];

/** Which tools a model may call, and the servers that offer some. */
export function ToolsTab() {
  const { client } = useApp();
  const [tools, setTools] = useState<readonly ToolInfo[] | null>(null);
  const [servers, setServers] = useState<readonly ToolServer[]>([]);
  const [problem, setProblem] = useState("");
  const refresh = async () => {
    try {
      setServers(await listServers(client));
      setTools(await listTools(client));
      setProblem("");
    } catch (error) {
      setProblem(String((error as Error).message));
    }
  };
  useEffect(() => void refresh(), [client]);
  return (
    <>
      {problem && <p class="tool-error" role="alert">{problem}</p>}
      <h3>{t("tools.policies")}</h3>
      {tools === null ? (
        <p class="hint">{t("tools.loading")}</p>
      ) : (
        <ul class="tool-policies">
          {tools.map((tool) => (
            <li key={tool.name} class="setting">
              <span>
                <strong>{toolLabel(tool.name)}</strong>
                <small>{tool.description}</small>
              </span>
              <select
                aria-label={t("tools.policyOf", { tool: toolLabel(tool.name) })}
                value={tool.policy}
                onChange={({ currentTarget }) => void setPolicy(client, tool.name, currentTarget.value as Policy).then(refresh, refresh)}
              >
                {POLICIES.map(({ policy, label }) => (
                  <option key={policy} value={policy}>
                    {t(label)}
                  </option>
                ))}
              </select>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">{t("tools.policyHelp")}</p>
      <h3>{t("tools.servers")}</h3>
      <p class="hint">{t("tools.serversHelp")}</p>
      {servers.length === 0 ? <p class="hint">{t("tools.noServers")}</p> : servers.map((server) => <ServerRow key={server.id} server={server} refresh={refresh} />)}
      <ServerForm added={refresh} />
    </>
  );
}
