import { changePreferences, getPreferences } from "../../api/assistant/personal";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { ImportSection } from "./ImportSection";
import { saveFile } from "./saveFile";
import { TrashSection } from "./TrashSection";
import { useClient } from "./useClient";
import { useLoaded } from "./useLoaded";

const KEEP = [30, 90, 180, 365] as const;
const TRASH = [1, 7, 30, 90] as const;

/** Chats in and out, how long they are kept, and the trash. */
export function DataTab() {
  const client = useClient();
  const { act } = useLoaded(async () => null);
  return (
    <>
      <ImportSection />
      <section>
        <h3>{t("data.exportTitle")}</h3>
        <p>{t("data.exportHelp")}</p>
        <button type="button" class="button" onClick={() => void act(async () => saveFile(await client.send("api/export"), "fathom.zip"))}>
          {t("data.exportAll")}
        </button>
      </section>
      <Retention />
      <TrashSection />
    </>
  );
}

function Retention() {
  const client = useClient();
  const { value, act } = useLoaded(() => getPreferences(client));
  if (!value) return null;
  const set = (change: Parameters<typeof changePreferences>[1]) => void act(() => changePreferences(client, change));
  return (
    <section>
      <h3>{t("data.keepTitle")}</h3>
      <label>
        <span>{t("data.keepLabel")}</span>
        <select value={String(value.retention_days ?? "")} onChange={({ currentTarget }) => set({ retention_days: currentTarget.value ? Number(currentTarget.value) : null })}>
          <option value="">{t("data.keepAlways")}</option>
          {withOwn(KEEP, value.retention_days).map((count) => (
            <option key={count} value={String(count)}>
              {t("data.keepDays", { count })}
            </option>
          ))}
        </select>
        <small>{t("data.keepHelp")}</small>
      </label>
      <label>
        <span>{t("data.trashLabel")}</span>
        <select value={String(value.trash_days)} onChange={({ currentTarget }) => set({ trash_days: Number(currentTarget.value) })}>
          {withOwn(TRASH, value.trash_days).map((count) => (
            <option key={count} value={String(count)}>
              {t("data.trashDays", { count })}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

/** The choices, and the one that is set where a script set another. */
function withOwn(choices: readonly number[], own: number | null): readonly number[] {
  return own === null || choices.includes(own) ? choices : [...choices, own].toSorted((a, b) => a - b);
}
