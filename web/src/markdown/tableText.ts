/** A table as text to paste elsewhere. */

import type { Token, Tokens } from "marked";
import { decodeEntities } from "./entities";

/** Comma-separated values as RFC 4180 has them, of what the cells say without their Markdown. */
export function tableCsv({ header, rows }: Tokens.Table): string {
  return [header, ...rows].map((row) => row.map(({ tokens }) => csvCell(plainText(tokens).trim())).join(",")).join("\r\n");
}

/**
 * A spreadsheet takes a cell that begins with one of = + - @ for a formula, which could send what is beside it to another
 * server. A model's text is never meant as one: an apostrophe in front makes it text; a number stays a number.
 */
function csvCell(text: string): string {
  const safe = /^[=@\t\r]/.test(text) || (/^[+-]/.test(text) && !/^[+-]?[\d.,\s]+%?$/.test(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function plainText(tokens: readonly Token[]): string {
  return tokens.map(plain).join("");
}

function plain(token: Token): string {
  if (token.type === "br" || /^<br\b/i.test(token.raw)) return " ";
  if (token.type === "html") return "";
  if (token.type === "codespan" || token.type === "escape") return (token as Tokens.Codespan).text;
  if ("tokens" in token && token.tokens) return plainText(token.tokens);
  return token.type === "text" ? decodeEntities((token as Tokens.Text).text) : token.raw;
}
