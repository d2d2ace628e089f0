/** LaTeX environments in running text: where one ends, and whether it is mathematics. */

const MATH: ReadonlySet<string> = new Set([
  "align", "alignat", "aligned", "alignedat", "array", "bmatrix", "Bmatrix", "cases", "CD", "darray", "dcases", "displaymath",
  "drcases", "eqnarray", "equation", "flalign", "gather", "gathered", "math", "matrix", "multline", "multlined", "pmatrix",
  "rcases", "smallmatrix", "split", "subarray", "vmatrix", "Vmatrix",
]); // prettier-ignore

const LONGEST = 10_000; // characters of one environment: more has lost its end

export interface Environment {
  readonly math: boolean;
  readonly length: number; // from \begin to the end of \end{…}
}

/** The environment at the start of `text`; null where none starts there or it does not end. */
export function scanEnvironment(text: string): Environment | null {
  const source = text.slice(0, LONGEST);
  const name = /^\\begin\{([a-zA-Z]+\*?)\}/.exec(source)?.[1];
  if (name === undefined || !source.includes(`\\end{${name}}`)) return null;
  const edges = new RegExp(`\\\\(begin|end)\\{${name.replace("*", "\\*")}\\}`, "g");
  let depth = 0;
  for (const edge of source.matchAll(edges)) {
    depth += edge[1] === "begin" ? 1 : -1;
    if (depth === 0) return { math: MATH.has(name.replace("*", "")), length: edge.index + edge[0].length };
  }
  return null;
}

/**
 * The source of an environment that is no formula (tabular, tikzpicture), with the line it ends on; empty where none
 * starts here, or where Markdown harms nothing in it: only rows and columns are written with its own signs.
 */
export function sourceBlock(source: string): string {
  const found = scanEnvironment(source);
  if (!found || found.math) return "";
  const block = source.slice(0, found.length);
  return /\\\\|&/.test(block) && /^[ \t]*(?:\n|$)/.test(source.slice(found.length)) ? block : "";
}

/** Whether a paragraph opens an environment with rows or columns that does not end in the whole `source`. */
export function isUnclosedEnvironment(source: string, paragraph: string): boolean {
  const name = /^\\begin\{([a-zA-Z]+)\*?\}/.exec(paragraph)?.[1];
  if (name === undefined || scanEnvironment(source)) return false;
  return MATH.has(name) || /\\\\|&/.test(paragraph);
}
