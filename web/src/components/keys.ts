/**
 * Whether a key belongs to an input method, which a Chinese, Japanese or Korean reader writes with: its Enter takes a
 * word, its Escape drops one. Safari ends the composition before it reports the key, so there only the key code 229 tells.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
