/** TeX as models write it, in the words that KaTeX knows. */

/** Environments and commands that KaTeX lacks, by the nearest that it has. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\\begin\{multlined?\*?\}/g, "\\begin{gathered}"],
  [/\\end\{multlined?\*?\}/g, "\\end{gathered}"],
  [/\\begin\{eqnarray\*?\}/g, "\\begin{array}{rcl}"],
  [/\\end\{eqnarray\*?\}/g, "\\end{array}"],
  [/\\(begin|end)\{flalign(\*?)\}/g, "\\$1{align$2}"],
  [/\\(?:begin|end)\{(?:displaymath|math)\}/g, ""],
];

/** Macros of common packages. `\label` names an equation for a reference elsewhere: nothing to draw. */
export const MACROS: Readonly<Record<string, string>> = {
  "\\label": "\\@firstoftwo{}{#1}",
  "\\require": "\\@firstoftwo{}{#1}",
  "\\mathbbm": "\\mathbb{#1}",
  "\\mathds": "\\mathbb{#1}",
  "\\nicefrac": "{}^{#1}\\!/_{#2}",
  "\\sfrac": "{}^{#1}\\!/_{#2}",
  "\\abs": "\\left\\lvert #1\\right\\rvert",
  "\\norm": "\\left\\lVert #1\\right\\rVert",
};

const DISPLAY_ONLY = /\\begin\{(?:align|alignat|CD|equation|flalign|gather)\*?\}|\\tag\b/;

/** Whether a formula can only stand on a line of its own, whatever its delimiters say. */
export function needsDisplay(tex: string): boolean {
  return DISPLAY_ONLY.test(tex);
}

export function definesMacros(tex: string): boolean {
  return /\\(?:(?:re)?newcommand|providecommand|def|let)\b/.test(tex);
}

/** Whether the formula is chemistry, which takes KaTeX's mhchem. */
export function isChemistry(tex: string): boolean {
  return /\\(?:ce|pu)\s*\{/.test(tex);
}

/** What to try in turn: the formula, then, where it has columns but no environment around them, as one. */
export function variants(tex: string): string[] {
  const known = REPLACEMENTS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), tex);
  return /&/.test(known) && !known.includes("\\begin{") ? [known, `\\begin{aligned}${known}\\end{aligned}`] : [known];
}
