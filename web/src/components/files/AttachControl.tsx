import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n";
import type { ControlProps } from "../composer";
import { useApp } from "../context";
import { Icon } from "../Icon";

const FIELD = "files-to-attach";

/** Opens the browser's choice of files for the message. */
export function chooseFiles(): void {
  document.getElementById(FIELD)?.click();
}

/** Attaches files: by a button, dropped anywhere on the page, or pasted. */
export function AttachControl({ chat }: ControlProps) {
  const app = useApp();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const add = (files: FileList | null | undefined) => void (files?.length && app.uploads.add(chat, [...files]));
    let depth = 0; // of elements entered and not left
    const listeners = {
      dragenter: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        depth += 1;
        setOver(true);
      },
      dragover: (event: DragEvent) => {
        if (carriesFiles(event)) event.preventDefault(); // else the browser would open the file in place of the page
      },
      dragleave: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        depth = Math.max(0, depth - 1);
        if (depth === 0) setOver(false);
      },
      drop: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        depth = 0;
        setOver(false);
        if (!document.querySelector("dialog[open]")) add(event.dataTransfer?.files);
      },
      paste: (event: ClipboardEvent) => {
        const files = event.clipboardData?.files;
        const types = event.clipboardData?.types ?? [];
        const isText = types.includes("text/plain") && types.includes("text/html"); // a spreadsheet's copy has a picture beside it
        if (!files?.length || isText || document.querySelector("dialog[open]")) return;
        event.preventDefault();
        add(files);
      },
    };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener as EventListener);
    };
  }, [app, chat]);
  return (
    <>
      <button type="button" class="icon-button attach" aria-label={t("files.attach")} title={t("files.attachTitle")} onClick={chooseFiles}>
        <Icon name="attach" size={18} />
      </button>
      <input
        id={FIELD}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-hidden="true"
        onChange={({ currentTarget }) => {
          void app.uploads.add(chat, [...(currentTarget.files ?? [])]);
          currentTarget.value = ""; // the same file may be chosen again
        }}
      />
      {over && (
        <div class="drop-veil" aria-hidden="true">
          <p>
            <Icon name="attach" size={28} /> {t("files.drop")}
          </p>
        </div>
      )}
    </>
  );
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
