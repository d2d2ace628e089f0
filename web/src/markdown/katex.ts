/**
 * KaTeX and its style sheet: one chunk, fetched when the first formula appears.
 *
 * KaTeX writes the width of some of its drawings (the arrow of \vec, tall brackets, \oiint) as `style` attributes, which
 * the content security policy blocks: the drawing stays invisible. Styles set by script are allowed, so the attributes
 * are taken out of KaTeX's tree and set through the element's style object.
 */

import katex, { type KatexOptions } from "katex";
import "katex/dist/katex.min.css";
import { definesMacros, MACROS, needsDisplay, variants } from "./tex";

/** What KaTeX's trees of HTML, SVG and MathML have in common. */
interface TreeNode {
  alternate?: string | null; // the path of a tall bracket
  readonly attributes?: Record<string, string>;
  readonly children?: readonly TreeNode[];
  toNode(): Node;
}

const { __renderToDomTree: buildTree } = katex as unknown as { __renderToDomTree(tex: string, options: KatexOptions): TreeNode };

/** Draws a formula into an element with DOM calls. Throws where the formula is not valid. */
export function drawMath(tex: string, element: HTMLElement, display: boolean): void {
  const tree = parse(tex, display);
  prepare(tree);
  element.replaceChildren(tree.toNode());
  applyStyles(element);
}

function parse(tex: string, display: boolean): TreeNode {
  let failure: unknown;
  for (const variant of variants(tex)) {
    try {
      return buildTree(variant, options(tex, display || needsDisplay(tex)));
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function options(tex: string, displayMode: boolean): KatexOptions {
  return {
    displayMode,
    throwOnError: true,
    trust: false, // no \href, \includegraphics, \htmlData
    strict: "ignore",
    macros: definesMacros(tex) ? {} : { ...MACROS }, // it may define the same ones, which is an error
    maxExpand: 200, // macros that expand without end stop here
    maxSize: 20, // em
    globalGroup: false, // a formula's macros end with it
  };
}

const HIDDEN = "data-style";

function prepare(node: TreeNode): void {
  const { attributes, children } = node;
  if (node.alternate) node.alternate = node.alternate.replace("MM", "M"); // the path of tall floors and ceilings has a letter too many
  if (attributes?.["style"] !== undefined) {
    attributes[HIDDEN] = attributes["style"];
    delete attributes["style"];
  }
  children?.forEach(prepare);
}

function applyStyles(root: HTMLElement): void {
  for (const element of root.querySelectorAll<Element & Partial<ElementCSSInlineStyle>>(`[${HIDDEN}]`)) {
    if (element.style) element.style.cssText = element.getAttribute(HIDDEN) ?? ""; // MathML elements have one in newer browsers
    element.removeAttribute(HIDDEN);
  }
}
