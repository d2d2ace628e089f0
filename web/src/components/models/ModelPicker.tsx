import { useId, useState } from "preact/hooks";
import { startDownload, type ModelRow } from "../../api/assistant/models";
import { formatBytes, formatPercent, t } from "../../i18n";
import "../../i18n/en/models";
import { isRepository, isUsable, search } from "../../state/models";
import { failureOf } from "../../state/outbox";
import { useApp } from "../context";
import { Icon } from "../Icon";
import { ModelDetails } from "./ModelDetails";

/** The field has the focus once it is there: the dialog opens before the models are known. */
const focus = (field: HTMLInputElement | null) => {
  field?.focus();
};

const KINDS = ["local", "recommended", "upstream"] as const;

interface Props {
  readonly onlyThinking: boolean;
  openServers(): void;
  close(): void;
}

/** A search field over a list: arrows move in it, Enter uses the model; what it is and what can be done is beside it. */
export function ModelPicker({ onlyThinking, openServers, close }: Props) {
  const app = useApp();
  const list = useId();
  const [text, setText] = useState("");
  const [thinking, setThinking] = useState(onlyThinking);
  const [fitting, setFitting] = useState(false);
  const chat = app.navigation.open.value;
  const chosen = app.chosenModel(chat);
  const current = app.models.find(chosen);
  const [active, setActive] = useState<string | undefined>(undefined);
  const all = app.models.rows.value;
  const { problem } = app.models;
  if (all === null) return <p role={problem.value ? "alert" : "status"}>{problem.value ? failureOf(problem.value).message : t("models.loading")}</p>;

  const shown = search(all, text).filter((row) => (!thinking || row.thinking) && (!fitting || row.fits));
  const words = text.trim();
  const repository = isRepository(words) && !all.some(({ id }) => id === words) ? words : null;
  const row = shown.find(({ id }) => id === active) ?? shown.find(({ id }) => id === current?.id) ?? shown[0] ?? null;
  const optionId = (id: string) => `${list}-${all.findIndex((one) => one.id === id)}`;
  const use = (one: ModelRow) => {
    if (!isUsable(one)) return;
    app.chooseOptions(chat, { model: one.id });
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -shown.length, End: shown.length }[event.key];
    if (event.key === "Enter" && row) {
      event.preventDefault();
      use(row);
    }
    if (step === undefined || !row || (text && Math.abs(step) > 1)) return;
    event.preventDefault();
    const next = shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(row) + step))];
    if (next) setActive(next.id);
    if (next) document.getElementById(optionId(next.id))?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div class="models">
      {onlyThinking && current && !current.thinking && <p class="models-note">{t("models.cannotThink", { model: current.name })}</p>}
      <div class="models-find">
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-autocomplete="list"
          aria-controls={list}
          {...(row ? { "aria-activedescendant": optionId(row.id) } : {})}
          aria-label={t("models.search")}
          placeholder={t("models.search")}
          value={text}
          ref={focus}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <label>
          <input type="checkbox" checked={thinking} onChange={({ currentTarget }) => setThinking(currentTarget.checked)} /> {t("models.onlyThinking")}
        </label>
        <label>
          <input type="checkbox" checked={fitting} onChange={({ currentTarget }) => setFitting(currentTarget.checked)} /> {t("models.onlyFitting")}
        </label>
      </div>
      <div class="models-list" id={list} role="listbox" aria-label={t("models.list")}>
        {KINDS.map((kind) => {
          const rows = shown.filter((one) => one.kind === kind);
          if (rows.length === 0) return null;
          return (
            <div key={kind} role="group" aria-label={t(`models.${kind}`)}>
              <div class="models-group" aria-hidden="true">
                {t(`models.${kind}`)}
              </div>
              {rows.map((one) => (
                <Option
                  key={one.id}
                  id={optionId(one.id)}
                  row={one}
                  active={one === row}
                  current={one.id === current?.id}
                  choose={() => setActive(one.id)}
                  use={() => use(one)}
                />
              ))}
            </div>
          );
        })}
      </div>
      {shown.length === 0 && repository === null && <p class="models-note">{t("models.none")}</p>}
      {repository !== null && <Repository name={repository} start={() => setActive(repository)} />}
      {row && <ModelDetails key={row.id} row={row} current={row.id === current?.id} use={() => use(row)} close={close} />}
      <button type="button" class="button models-servers" onClick={openServers}>
        {t("models.addServer")}
      </button>
    </div>
  );
}

interface OptionProps {
  readonly id: string;
  readonly row: ModelRow;
  readonly active: boolean;
  readonly current: boolean;
  choose(): void;
  use(): void;
}

function Option({ id, row, active, current, choose, use }: OptionProps) {
  const notes = [
    current && t("models.current"),
    row.thinking && t("models.thinks"),
    row.vision && t("models.sees"),
    row.origin === "run" && t("models.trained"),
    row.kind === "recommended" && row.bytes !== null && formatBytes(row.bytes),
    !row.fits && t("models.tooLarge"),
    stateNote(row),
  ].filter(Boolean);
  return (
    <div id={id} role="option" aria-selected={active} class={`models-option${row.fits ? "" : " dim"}`} onClick={choose} onDblClick={use}>
      <span class="models-mark" aria-hidden="true">
        {current && <Icon name="check" size={16} />}
      </span>
      <span class="models-name">{row.name}</span>
      <small>{notes.join(" · ")}</small>
    </div>
  );
}

function stateNote({ kind, state, progress }: ModelRow): string {
  if (kind === "upstream" || (kind === "recommended" && state === "downloadable" && progress === null)) return "";
  const text = t(`models.state.${state}`);
  return progress === null ? text : t("models.progress", { stage: text, percent: formatPercent(progress) });
}

function Repository({ name, start }: { readonly name: string; start(): void }) {
  const app = useApp();
  const [failure, setFailure] = useState("");
  const fetch = async () => {
    try {
      await startDownload(app.client, name);
      await app.models.refresh();
      start();
    } catch (error) {
      setFailure(failureOf(error).message);
    }
  };
  return (
    <p class="models-note">
      <button type="button" class="button" onClick={() => void fetch()}>
        {t("models.repository", { repository: name })}
      </button>
      {failure && <span role="alert">{failure}</span>}
    </p>
  );
}
