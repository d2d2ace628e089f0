/** Opens what is folded in the answers while the page is printed, and folds it again. Call the result to stop. */
export function unfoldForPrint(window: Window): () => void {
  const unfolded: HTMLDetailsElement[] = [];
  const open = (): void => {
    for (const details of window.document.querySelectorAll<HTMLDetailsElement>(".prose details:not([open])")) {
      details.open = true;
      unfolded.push(details);
    }
  };
  const fold = (): void => {
    for (const details of unfolded.splice(0)) details.open = false;
  };
  window.addEventListener("beforeprint", open);
  window.addEventListener("afterprint", fold);
  return () => {
    window.removeEventListener("beforeprint", open);
    window.removeEventListener("afterprint", fold);
  };
}
