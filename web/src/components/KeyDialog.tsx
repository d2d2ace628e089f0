import { useEffect, useRef } from "preact/hooks";
import type { Asking } from "../state/access";
import { useApp } from "./context";
import { keyField } from "./keyField";

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
        <h2 id="key-title">This server asks for an API key</h2>
        {asking === "wrong" ? (
          <p class="refused" role="alert">
            The server did not accept that key. Check it and try again.
          </p>
        ) : (
          <p>Enter the key that its operator gave you. Your message is sent once the key is accepted.</p>
        )}
        <label>
          <span>API key</span>
          <input {...keyField} ref={input} required />
          <small>Kept in this browser only. The settings can remove it.</small>
        </label>
        <div class="buttons">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button primary">
            Send
          </button>
        </div>
      </form>
    </dialog>
  );
}
