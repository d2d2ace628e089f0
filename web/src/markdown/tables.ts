/**
 * Tables whose cells hold bars: |x| in a formula and a|b in code divide nothing, though GFM would have them escaped.
 * Rows of any length are kept whole: what is missing is empty, what is too much is shown.
 */

import type { Tokens } from "marked";
import { scanMath } from "./math";

type Align = Tokens.TableCell["align"];

/** The text of a row's cells. `formulas`: whether formulae hold their bars. */
export function splitRow(row: string, formulas: boolean): string[] {
  const cells: string[] = [];
  let cell = "";
  for (let at = 0; at < row.length; ) {
    const piece = pieceAt(row, at, formulas);
    if (piece === "|") {
      cells.push(cell.trim());
      cell = "";
    } else cell += piece.startsWith("`") ? piece.replaceAll("\\|", "|") : piece;
    at += piece.length;
  }
  cells.push(cell.trim());
  if (cells[0] === "") cells.shift();
  if (cells.length > 0 && cells.at(-1) === "") cells.pop();
  return cells;
}

/** What stands at `at` and is not divided: an escape, a code span, a formula, or one character. */
function pieceAt(row: string, at: number, formulas: boolean): string {
  const char = row[at] ?? "";
  if (char === "`") {
    const ticks = /^`+/.exec(row.slice(at))?.[0] ?? char;
    const end = new RegExp(`(?<!\`)${ticks}(?!\`)`).exec(row.slice(at + ticks.length));
    return end ? row.slice(at, at + 2 * ticks.length + end.index) : ticks;
  }
  const span = formulas && (char === "$" || char === "\\") ? scanMath(row.slice(at), row[at - 1]) : null;
  if (span) return row.slice(at, at + span.length);
  return char === "\\" ? row.slice(at, at + 2) : char;
}

/** The cells of a row of `columns`. A dollar that makes a row too short was money: `| $5 | 6$ |`. */
export function rowCells(row: string, columns: number): string[] {
  const cells = splitRow(row, true);
  if (cells.length >= columns) return cells;
  const divided = splitRow(row, false);
  return divided.length === columns ? divided : cells;
}

/** How the columns are aligned, from the row of dashes. */
export function alignments(delimiters: string): Align[] {
  return delimiters
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => {
      const [left, right] = [cell.trim().startsWith(":"), cell.trim().endsWith(":")];
      return left && right ? "center" : right ? "right" : left ? "left" : null;
    });
}

/** The table token of a match of marked's rule; undefined where the header and the dashes disagree. */
export function tableToken(match: RegExpExecArray, inline: (text: string) => Tokens.TableCell["tokens"]): Tokens.Table | undefined {
  const [raw, head = "", delimiters = "", body = ""] = match;
  if (!/[:|]/.test(delimiters)) return undefined;
  const align = alignments(delimiters);
  const header = rowCells(head, align.length);
  if (header.length !== align.length) return undefined;
  const cell = (text: string, column: number, isHeader: boolean) => ({
    text,
    tokens: inline(text),
    header: isHeader,
    align: align[column] ?? null,
  });
  const rows = body.trim() ? body.replace(/\n[ \t]*$/, "").split("\n") : [];
  return {
    type: "table",
    raw: raw.replace(/\n+$/, ""),
    align,
    header: header.map((text, column) => cell(text, column, true)),
    rows: rows.map((row) => {
      const cells = rowCells(row, align.length);
      const missing = Math.max(0, align.length - cells.length);
      return [...cells, ...Array<string>(missing).fill("")].map((text, column) => cell(text, column, false));
    }),
  };
}
