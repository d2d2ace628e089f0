/**
 * Whether a key belongs to an input method, which a Chinese, Japanese or Korean reader writes with: its Enter takes a
 * word, its Escape drops one. Safari ends the composition before it reports the key, so there only the key code 229 tells.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/**
 * Leaves the keys of an input method to it: no handler of the page sees them, and where Safari has ended the composition
 * already, Enter sends no form and Escape closes no dialog. Call the result to stop.
 */
export function leaveToInputMethods(window: Window): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (!isComposing(event)) return;
    event.stopImmediatePropagation();
    const oneLine = event.target instanceof HTMLInputElement;
    if ((event.key === "Enter" && oneLine) || (event.key === "Escape" && !event.isComposing)) event.preventDefault();
  };
  window.addEventListener("keydown", onKey, true);
  return () => window.removeEventListener("keydown", onKey, true);
}
