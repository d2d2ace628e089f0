/** Work that can wait, done in short turns, so that input and frames come in between. In the order in which it came. */

const TURN_MS = 8;

const waiting = new Set<() => unknown>(); // one line of work for the page
let timer: ReturnType<typeof setTimeout> | null = null;

/** Does `work` soon. Call the result to leave it undone. */
export function soon(work: () => unknown): () => void {
  waiting.add(work);
  timer ??= setTimeout(turn);
  return () => waiting.delete(work);
}

function turn(): void {
  const end = performance.now() + TURN_MS;
  for (const work of waiting) {
    waiting.delete(work);
    work();
    if (performance.now() >= end) break;
  }
  timer = waiting.size > 0 ? setTimeout(turn) : null;
}
