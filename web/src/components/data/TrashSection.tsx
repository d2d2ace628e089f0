import { useState } from "preact/hooks";
import { listConversations, restoreConversation } from "../../api/assistant/conversations";
import type { Conversation } from "../../api/assistant/types";
import { t } from "../../i18n";
import "../../i18n/en/data";
import { SureButton } from "./SureButton";
import { useClient } from "./useClient";
import { useLoaded } from "./useLoaded";

const PAGE = 20;

/** The chats in the trash, to be taken out of it or deleted for good. */
export function TrashSection() {
  const client = useClient();
  const [limit, setLimit] = useState(PAGE);
  const load = (count: number) => listConversations(client, { deleted: true, limit: count });
  const { value, act } = useLoaded(() => load(limit));
  const [wider, setWider] = useState<Awaited<ReturnType<typeof load>> | null>(null);
  const shown = wider ?? value;
  const change = (work: () => Promise<unknown>) => act(work).then(() => setWider(null));
  return (
    <section>
      <h3>{t("data.trashTitle")}</h3>
      {shown?.data.length === 0 && <p>{t("data.trashEmpty")}</p>}
      <ul class="rows">
        {shown?.data.map((row: Conversation) => (
          <li key={row.id}>
            <span dir="auto">{row.title || t("data.untitled")}</span>
            <button type="button" class="button" aria-label={`${t("data.restore")}: ${row.title}`} onClick={() => void change(() => restoreConversation(client, row.id))}>
              {t("data.restore")}
            </button>
            <SureButton
              label={t("data.deleteForever")}
              name={`${t("data.deleteForever")}: ${row.title}`}
              run={() => void change(() => client.send(`api/conversations/${encodeURIComponent(row.id)}?permanently=true`, { method: "DELETE" }))}
            />
          </li>
        ))}
      </ul>
      {shown?.next && (
        <button
          type="button"
          class="button"
          onClick={() => {
            setLimit(limit + PAGE);
            void load(limit + PAGE).then(setWider, () => undefined);
          }}
        >
          {t("data.more")}
        </button>
      )}
    </section>
  );
}
