/** KaTeX and its style sheet: one chunk, fetched when the first formula appears. */

import katex from "katex";
import "katex/dist/katex.min.css";

/** Draws a formula into an element with DOM calls. Throws where the formula is not valid. */
export function drawMath(tex: string, element: HTMLElement, display: boolean): void {
  katex.render(tex, element, {
    displayMode: display,
    throwOnError: true,
    trust: false, // no \href, \includegraphics, \htmlData
    strict: "ignore",
    maxExpand: 200, // macros that expand without end stop here
    maxSize: 20, // em
    globalGroup: false, // a formula's macros end with it
  });
}
