import { useEffect, useState } from "preact/hooks";
import { checkSearch, keepSearch, searchPreferences, type SearchPreferences } from "../../api/assistant/tools";
import { t } from "../../i18n";
import "../../i18n/en/tools";
import { useApp } from "../context";

/** Which provider answers searches, and whether it does. */
export function SearchTab() {
  const { client } = useApp();
  const [search, setSearch] = useState<SearchPreferences>({ provider: null, url: null });
  const [note, setNote] = useState("");
  useEffect(() => void searchPreferences(client).then(setSearch, (error: Error) => setNote(error.message)), [client]);
  const change = (next: SearchPreferences) => {
    setSearch(next);
    setNote("");
    keepSearch(client, next).catch((error: Error) => setNote(error.message));
  };
  const test = async () => {
    setNote(t("tools.checking"));
    try {
      const { titles, error } = await checkSearch(client, search);
      setNote(error ?? (titles.length > 0 ? t("tools.searchWorks", { titles: titles.join(" · ") }) : t("tools.searchEmpty")));
    } catch (error) {
      setNote((error as Error).message);
    }
  };
  return (
    <>
      <label>
        <span>{t("tools.provider")}</span>
        <select value={search.provider ?? ""} onChange={({ currentTarget }) => change({ ...search, provider: (currentTarget.value || null) as SearchPreferences["provider"] })}>
          <option value="">{t("tools.providerNone")}</option>
          <option value="searxng">{t("tools.providerSearxng")}</option>
          <option value="duckduckgo">{t("tools.providerDuckduckgo")}</option>
        </select>
      </label>
      {search.provider !== "duckduckgo" && (
        <label>
          <span>{t("tools.searchUrl")}</span>
          <input
            type="url"
            pattern="https?://[^ ]+"
            value={search.url ?? ""}
            onChange={({ currentTarget: field }) => field.reportValidity() && change({ ...search, url: field.value.trim() || null })}
          />
          <small>{t("tools.searchUrlHelp")}</small>
        </label>
      )}
      <p class="hint">{t("tools.searchPrivacy")}</p>
      <div class="buttons">
        <button type="button" class="button" onClick={() => void test()}>
          {t("tools.searchTest")}
        </button>
      </div>
      <p class="hint" role="status">
        {note}
      </p>
    </>
  );
}
