import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Icon } from "./Icon";

interface Props {
  readonly title: string;
  readonly closeLabel?: string;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
  close(): void;
}

/** What every dialog has: a title, a button to close, the focus inside; Escape and a click beside it close it. */
export function Dialog({ title, closeLabel = t("chat.close"), wide = false, children, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "settings wide" : "settings"}
      aria-labelledby={id}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="settings-body">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={closeLabel} onClick={close}>
            <Icon name="close" size={18} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
