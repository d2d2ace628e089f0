import { useEffect, useRef } from "preact/hooks";
import type { Asking } from "../state/access";
import { useApp } from "./context";
import { keyField } from "./keyField";
import { t } from "../i18n";
import "../i18n/en/settings";

/** Asks for the key of a server that wants one. Who cancels finds the message again, with a button to retry. */
export function KeyDialog({ asking }: { readonly asking: Asking }) {
  const { access } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="settings" aria-labelledby="key-title" onClose={() => access.decline()}>
      <form
        class="settings-body"
        onSubmit={(event) => {
          event.preventDefault();
          access.change(input.current?.value ?? "");
        }}
      >
        <h2 id="key-title">{t("settings.askTitle")}</h2>
        {asking === "wrong" ? (
          <p class="refused" role="alert">
            {t("settings.askWrong")}
          </p>
        ) : (
          <p>{t("settings.askMissing")}</p>
        )}
        <label>
          <span>{t("settings.key")}</span>
          <input {...keyField()} ref={input} required />
          <small>{t("settings.askKept")}</small>
        </label>
        <div class="buttons">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {t("chat.cancel")}
          </button>
          <button type="submit" class="button primary">
            {t("chat.send")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
