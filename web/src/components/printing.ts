/** Printing gets the whole chat: what is not drawn because it is far from the reader, and what is folded. */

import { signal } from "@preact/signals";

/** Whether the page is being printed: everything is to be drawn. */
export const printing = signal(false);

/** Opens what is folded in the answers while the page is printed, and folds it again. Call the result to stop. */
export function unfoldForPrint(window: Window): () => void {
  const unfolded: HTMLDetailsElement[] = [];
  const open = (): void => {
    printing.value = true;
    queueMicrotask(() => queueMicrotask(unfold)); // after what was far is drawn
    unfold();
  };
  const unfold = (): void => {
    if (!printing.peek()) return;
    for (const details of window.document.querySelectorAll<HTMLDetailsElement>(".prose details:not([open])")) {
      details.open = true;
      unfolded.push(details);
    }
  };
  const fold = (): void => {
    printing.value = false;
    for (const details of unfolded.splice(0)) details.open = false;
  };
  window.addEventListener("beforeprint", open);
  window.addEventListener("afterprint", fold);
  return () => {
    window.removeEventListener("beforeprint", open);
    window.removeEventListener("afterprint", fold);
  };
}
