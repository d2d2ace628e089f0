import { useEffect, useRef, useState } from "preact/hooks";
import { listPrompts, type Prompt } from "../../api/assistant/personal";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { useApp } from "../context";
import { useClient } from "./useClient";

interface Props {
  readonly chat: string | null;
  readonly query: string;
}

const MOST = 8;

/** The prompts whose name begins with what was typed. The focus stays in the text: arrows choose, Enter takes, Escape closes. */
export function PromptMenu({ chat, query }: Props) {
  const app = useApp();
  const client = useClient();
  const list = useRef<HTMLUListElement>(null);
  const [prompts, setPrompts] = useState<readonly Prompt[]>([]);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(false);
  useEffect(() => void listPrompts(client).then(setPrompts, () => undefined), [client]); // without prompts, a slash is text
  const wanted = query.toLocaleLowerCase();
  const shown = closed ? [] : prompts.filter(({ name }) => name.toLocaleLowerCase().startsWith(wanted)).slice(0, MOST);
  const chosen = Math.min(at, shown.length - 1);
  const take = (prompt: Prompt) => {
    if (prompt.variables.length > 0) app.openDialog("prompt", { chat, prompt });
    else app.drafts.change(chat, { text: prompt.text });
  };
  useEffect(() => {
    const area = list.current?.closest("form")?.querySelector("textarea");
    const onKeyDown = (event: KeyboardEvent) => {
      const prompt = shown[chosen];
      if (!prompt) return;
      if (event.key === "ArrowDown") setAt((chosen + 1) % shown.length);
      else if (event.key === "ArrowUp") setAt((chosen + shown.length - 1) % shown.length);
      else if (event.key === "Escape") setClosed(true);
      else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) take(prompt);
      else return;
      event.preventDefault();
      event.stopImmediatePropagation(); // else Enter would send the slash
    };
    area?.addEventListener("keydown", onKeyDown, true);
    return () => area?.removeEventListener("keydown", onKeyDown, true);
  });
  return (
    <ul ref={list} class="prompt-menu" role="listbox" aria-label={t("data.promptList")} hidden={shown.length === 0}>
      {shown.map((prompt, index) => (
        <li key={prompt.id} role="option" aria-selected={index === chosen} onMouseDown={(event) => event.preventDefault()} onClick={() => take(prompt)}>
          <strong>/{prompt.name}</strong> <small dir="auto">{prompt.text.slice(0, 80)}</small>
        </li>
      ))}
    </ul>
  );
}
