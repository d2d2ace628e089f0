import { Mark } from "./Icon";
import { t } from "../i18n";
import { useApp } from "./context";
import { lazy } from "./lazy";

const WelcomeCard = lazy(() => import("./WelcomeCard").then((module) => module.WelcomeCard));

const examples = [
  ["chat.example.explain", "chat.example.explainPrompt"],
  ["chat.example.solve", "chat.example.solvePrompt"],
  ["chat.example.code", "chat.example.codePrompt"],
  ["chat.example.write", "chat.example.writePrompt"],
] as const;

export function EmptyState({ send }: { send(text: string): void }) {
  const { chats, drafts, projects } = useApp();
  const { temporary, project } = drafts.of(null).value.making ?? {};
  const folder = projects.rows.value.find(({ id }) => id === project);
  const first = chats.ready.value && chats.rows.value.length === 0;
  return (
    <div class="empty">
      <Mark size={56} />
      <h1>{t("chat.empty.title")}</h1>
      <p>{temporary ? t("chat.temporaryHelp") : folder ? t("chat.inProject", { name: folder.name }) : t("chat.empty.text")}</p>
      {first && <WelcomeCard />}
      <ul class="examples">
        {examples.map(([title, prompt]) => (
          <li key={title}>
            <button type="button" onClick={() => send(t(prompt))}>
              <strong>{t(title)}</strong>
              <span>{t(prompt)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
