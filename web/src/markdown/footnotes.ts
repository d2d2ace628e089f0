/** Footnotes: `Claim[^1]` … `[^1]: The note.`, and the numbers they get. */

import type { Token, Tokens } from "marked";
import { linesFrom } from "./lines";

export interface NoteToken extends Tokens.Generic {
  type: "note";
  label: string;
  tokens: Token[];
}

export interface NoteRefToken extends Tokens.Generic {
  type: "noteRef";
  label: string;
  occurrence?: number; // 1 for the first reference to its note; set when the notes are numbered
}

const LABEL = "\\[\\^([^\\]\\s]{1,100})\\]";
const REFERENCE = new RegExp(`^${LABEL}(?!\\()`);
const DEFINITION = new RegExp(`^ {0,3}${LABEL}:[ \\t]*`);
export const DEFINITION_START = new RegExp(`(?:^|\\n) {0,3}${LABEL}:`);
/** A line that starts another block, so that it does not go on with a note's paragraph. */
const BLOCK_START = /^ {0,3}(?:#{1,6}\s|```|~~~|>|[-*+]\s|\d{1,9}[.)]\s|\||<|\$\$|\\\[)/;

export function scanReference(source: string): NoteRefToken | undefined {
  const match = REFERENCE.exec(source);
  return match ? { type: "noteRef", raw: match[0], label: key(match[1]) } : undefined;
}

export interface Definition {
  readonly raw: string;
  readonly label: string;
  readonly text: string;
}

/** The note at the start of `source`: its paragraph, and what follows indented. */
export function scanDefinition(source: string): Definition | null {
  const match = DEFINITION.exec(source);
  if (!match) return null;
  const first = source.indexOf("\n", match[0].length);
  let end = first < 0 ? source.length : first;
  let afterBlank = false;
  for (const line of linesFrom(source, end + 1)) {
    const blank = line.text.trim() === "";
    if (!blank && !goesOn(line.text, afterBlank)) break;
    if (!blank) end = line.start + line.text.length;
    afterBlank = blank;
  }
  const text = source.slice(match[0].length, end).replace(/\n(?: {1,4}|\t)/g, "\n");
  return { raw: source.slice(0, end), label: key(match[1]), text };
}

/** Whether a line belongs to the note before it: it is indented, or goes on with the paragraph. */
function goesOn(line: string, afterBlank: boolean): boolean {
  if (DEFINITION.test(line)) return false;
  return /^(?: {2,}|\t)/.test(line) || (!afterBlank && !BLOCK_START.test(line));
}

/** Labels are compared without regard to case. */
function key(label = ""): string {
  return label.toLowerCase();
}

export interface Note {
  readonly label: string;
  readonly tokens: readonly Token[];
  readonly references: number;
}

interface Parts {
  readonly notes: readonly NoteToken[];
  readonly references: readonly NoteRefToken[];
}

const known = new WeakMap<Token, Parts>(); // a finished block is looked through once

/**
 * The notes of a text in the order of their numbers: as they are first referred to, then those that nothing refers to.
 * Sets the occurrence of every reference.
 */
export function numberNotes(tokens: readonly Token[]): Note[] {
  const parts = tokens.map(partsOf);
  const all = parts.flatMap(({ notes }) => notes);
  if (all.length === 0) return [];
  const byLabel = new Map<string, NoteToken>();
  for (const note of all) if (!byLabel.has(note.label)) byLabel.set(note.label, note);
  const counts = new Map<NoteToken, number>();
  const count = (references: readonly NoteRefToken[]): void => {
    for (const reference of references) {
      const note = byLabel.get(reference.label);
      if (!note) continue;
      const before = counts.get(note) ?? 0;
      counts.set(note, before + 1);
      reference.occurrence = before + 1;
      if (before === 0) count(note.tokens.flatMap((token) => partsOf(token).references));
    }
  };
  count(parts.flatMap(({ references }) => references));
  for (const note of all) if (!counts.has(note)) counts.set(note, 0);
  return [...counts].map(([{ label, tokens: content }, references]) => ({ label, tokens: content, references }));
}

function partsOf(token: Token): Parts {
  let parts = known.get(token);
  if (!parts) known.set(token, (parts = look(token)));
  return parts;
}

function look(token: Token): Parts {
  if (token.type === "noteRef") return { notes: [], references: [token as NoteRefToken] };
  const inside = childrenOf(token).map(look);
  const notes = inside.flatMap((part) => part.notes);
  if (token.type === "note") return { notes: [token as NoteToken, ...notes], references: [] };
  return { notes, references: inside.flatMap((part) => part.references) };
}

function childrenOf(token: Token): Token[] {
  const { tokens, summary, items, header, rows } = token as Tokens.Generic; // of a cell, `header` is a flag
  return [summary, tokens, items, header, rows].flatMap((list) => (Array.isArray(list) ? (list.flat() as Token[]) : []));
}
