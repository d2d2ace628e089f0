import { useState } from "preact/hooks";
import { createShare, listShares, revokeShare, type Share } from "../../api/assistant/personal";
import { formatDate, t } from "../../i18n";
import "../../i18n/en/data";
import { copyText } from "../clipboard";
import { Dialog } from "../Dialog";
import type { DialogProps } from "../dialogs";
import { SureButton } from "./SureButton";
import { useClient } from "./useClient";
import { useLoaded } from "./useLoaded";

/** Links under which others read a chat, as it was when each was made. */
export function ShareDialog({ conversation, close }: DialogProps) {
  const client = useClient();
  const id = String(conversation);
  const { value: shares, act } = useLoaded(() => listShares(client, id));
  return (
    <Dialog title={t("data.shareTitle")} close={close}>
      <p>{t("data.shareHelp")}</p>
      <ul class="rows links">
        {shares?.map((share) => (
          <Link key={share.token} share={share} revoke={() => void act(() => revokeShare(client, share.token))} />
        ))}
      </ul>
      <button type="button" class="button primary" onClick={() => void act(() => createShare(client, id))}>
        {t("data.shareCreate")}
      </button>
    </Dialog>
  );
}

function Link({ share, revoke }: { readonly share: Share; revoke(): void }) {
  const [copied, setCopied] = useState(false);
  const address = new URL(share.url.replace(/^\//, ""), document.baseURI).href;
  return (
    <li>
      <span>
        <a href={address} target="_blank" rel="noreferrer">
          {address}
        </a>
        <small>{t("data.shareMade", { date: formatDate(share.created) })}</small>
      </span>
      <button type="button" class="button" onClick={() => void copyText(address).then(setCopied)}>
        {copied ? t("data.shareCopied") : t("data.shareCopy")}
      </button>
      <SureButton label={t("data.shareRevoke")} run={revoke} />
    </li>
  );
}
