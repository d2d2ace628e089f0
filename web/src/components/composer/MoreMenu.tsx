import { useEffect, useState } from "preact/hooks";
import { listTools, type ToolInfo } from "../../api/assistant/tools";
import { t } from "../../i18n";
import "../../i18n/en/tools";
import { isUsable } from "../../state/models";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";
import { chooseFiles } from "../files/AttachControl";
import { isOther } from "../tools/SearchToggle";
import { toolLabel } from "../tools/names";

interface Props {
  readonly chat: string | null;
  close(): void;
}

/** Which tools the model may call in this chat, and which second model answers the next question. */
export function MoreMenu({ chat, close }: Props) {
  return (
    <>
      <button
        type="button"
        class="menu-attach"
        onClick={() => {
          close();
          chooseFiles();
        }}
      >
        <strong>{t("files.attach")}</strong>
      </button>
      <ToolChoice chat={chat} />
      <SecondAnswer chat={chat} close={close} />
    </>
  );
}

function ToolChoice({ chat }: Pick<Props, "chat">) {
  const app = useApp();
  const [tools, setTools] = useState<readonly ToolInfo[] | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    listTools(app.client).then(setTools, (error: unknown) => setProblem(failureOf(error).message));
  }, []);
  const chosen = app.options(chat).tools ?? [];
  const toggle = (name: string) => app.chooseOptions(chat, { tools: chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name] });
  const offered = (tools ?? []).filter(({ name }) => isOther(name));
  const gone = tools === null ? [] : chosen.filter((name) => isOther(name) && !offered.some((tool) => tool.name === name));
  return (
    <fieldset class="menu-group">
      <legend>{t("tools.choice")}</legend>
      {problem && <p role="alert">{problem}</p>}
      {tools === null && !problem && <p role="status">{t("tools.loading")}</p>}
      {tools !== null && !app.canCall(chat) && <p class="hint">{t("tools.cannotCall")}</p>}
      {offered.map((tool) => (
        <label key={tool.name} class="choice">
          <input type="checkbox" checked={chosen.includes(tool.name)} disabled={tool.policy === "never"} onChange={() => toggle(tool.name)} />
          <span>
            <strong>{toolLabel(tool.name)}</strong>
            {tool.policy === "never" && <small>{t("tools.isNever")}</small>}
          </span>
        </label>
      ))}
      {gone.map((name) => (
        <label key={name} class="choice">
          <input type="checkbox" checked onChange={() => toggle(name)} />
          <span>
            <strong>{toolLabel(name)}</strong>
            <small>{t("tools.gone")}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function SecondAnswer({ chat, close }: Props) {
  const app = useApp();
  useEffect(() => app.models.watch(), []);
  const first = app.models.find(app.chosenModel(chat));
  const others = (app.models.rows.value ?? []).filter((row) => isUsable(row) && row.id !== first?.id);
  const second = app.drafts.of(chat).value.second ?? "";
  if (app.models.rows.value === null) return null;
  return (
    <label class="menu-group">
      <span>{t("tools.second")}</span>
      {others.length > 0 ? (
        <select value={second} onChange={({ currentTarget }) => app.drafts.change(chat, { second: currentTarget.value || null })}>
          <option value="">{t("tools.secondNone")}</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <button
          type="button"
          class="button"
          onClick={() => {
            close();
            app.openDialog("models");
          }}
        >
          {t("tools.secondFind")}
        </button>
      )}
      <small>{t("tools.secondHelp")}</small>
    </label>
  );
}
