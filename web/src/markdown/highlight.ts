/** Code in color: highlight.js, fetched when the first code block appears, its token tree turned into vnodes. */

import { h, type ComponentChild } from "preact";

export type Highlight = (code: string, language: string) => ComponentChild[] | null;

interface TreeNode {
  readonly scope?: string;
  readonly language?: string;
  readonly children: readonly (TreeNode | string)[];
}

const LONGEST = 60_000; // characters: beyond, color is not worth the wait

let loading: Promise<Highlight> | null = null; // one download for the page

export function loadHighlight(): Promise<Highlight> {
  loading ??= import("./languages").then(({ highlighter }) => (code, language) => {
    if (code.length > LONGEST || !highlighter.getLanguage(language)) return null;
    const result = highlighter.highlight(code, { language, ignoreIllegals: true });
    return children((result._emitter as unknown as { rootNode: TreeNode }).rootNode);
  });
  return loading;
}

function children(node: TreeNode): ComponentChild[] {
  return node.children.map((child) => {
    if (typeof child === "string") return child;
    return child.scope ? h("span", { class: className(child.scope) }, children(child)) : children(child);
  });
}

/** "title.function" → "hljs-title function_", as highlight.js names its classes. */
function className(scope: string): string {
  const [first = "", ...rest] = scope.split(".");
  return [`hljs-${first}`, ...rest.map((part, index) => `${part}${"_".repeat(index + 1)}`)].join(" ");
}
