/** Markdown to tokens: marked's lexer with formulae as tokens of their own, and bounds that hostile text cannot cross. */

import { Marked, type MarkedExtension, type Token, type Tokens } from "marked";
import { nextMath, scanMath } from "./math";

export interface MathToken extends Tokens.Generic {
  type: "math";
  tex: string;
  display: boolean;
}

/** Text that is shown as it is: too deep or too large for the lexer to take apart in time. */
export interface PlainToken extends Tokens.Generic {
  type: "plain";
  text: string;
}

const DEEPEST = 24; // levels of quotes and lists; the lexer takes time with the square of them
const LONGEST_BLOCK = 20_000; // characters of one block of running text, beyond which it stays plain
const LONGEST_TEXT = 500_000;

const mathExtension: MarkedExtension = {
  extensions: [
    {
      name: "math",
      level: "block",
      start: (source) => {
        const end = source.indexOf("\n\n"); // beyond the paragraph nothing interrupts it
        const at = (end < 0 ? source : source.slice(0, end)).search(/(?:^|\n) {0,3}(?:\$\$|\\\[)/);
        return at < 0 ? undefined : at;
      },
      tokenizer(source): MathToken | undefined {
        const indent = /^ {0,3}/.exec(source)?.[0].length ?? 0;
        const span = scanMath(source.slice(indent));
        if (!span?.display) return undefined;
        const rest = /^[ \t]*(?:\n+|$)/.exec(source.slice(indent + span.length));
        if (!rest) return undefined; // text follows on the line: it is a part of a paragraph
        return { type: "math", raw: source.slice(0, indent + span.length + rest[0].length), tex: span.tex, display: true };
      },
    },
    {
      name: "inlineMath",
      level: "inline",
      start: (source) => {
        const at = nextMath(source);
        return at < 0 ? undefined : at;
      },
      tokenizer(source): MathToken | undefined {
        const span = scanMath(source);
        return span ? { type: "math", raw: source.slice(0, span.length), tex: span.tex, display: span.display } : undefined;
      },
    },
  ],
};

const marked = new Marked({ gfm: true }, mathExtension);

/** The block tokens of a text. Never throws: what cannot be taken apart comes back as plain text. */
export function lex(text: string): Token[] {
  if (text.length > LONGEST_TEXT) return [plain(text)];
  const tokens: Token[] = [];
  for (const part of splitHostile(text)) {
    if (part.hostile) tokens.push(plain(part.text));
    else tokens.push(...lexPart(part.text));
  }
  return tokens;
}

function lexPart(text: string): Token[] {
  try {
    return marked.lexer(text);
  } catch {
    return [plain(text)]; // the lexer refuses some input by throwing; the reader still gets to see it
  }
}

function plain(text: string): PlainToken {
  return { type: "plain", raw: text, text };
}

interface Part {
  readonly text: string;
  readonly hostile: boolean;
}

/** Cuts at blank lines around blocks that would cost the lexer too much. Fenced code is cheap and never cut. */
function splitHostile(text: string): Part[] {
  if (text.length < 256 || !isSuspicious(text)) return [{ text, hostile: false }];
  const parts: Part[] = [];
  for (const block of text.split(/(?<=\n[ \t]*\n)/)) {
    const hostile = isSuspicious(block);
    const last = parts.at(-1);
    if (last && last.hostile === hostile) parts[parts.length - 1] = { text: last.text + block, hostile };
    else parts.push({ text: block, hostile });
  }
  return parts;
}

const DEEP_LINE = new RegExp(`^(?:[ \\t]*(?:>|[-+*]|\\d{1,9}[.)])[ \\t]*){${DEEPEST}}`, "m");
const MANY_OPENERS = /(?:[[\]`*_~<!$\\(][^\n]{0,3}?){2000}/;

function isSuspicious(text: string): boolean {
  return DEEP_LINE.test(text) || MANY_OPENERS.test(text) || longestRun(text) > LONGEST_BLOCK;
}

/** Characters of the longest stretch without a blank line or a code fence. */
function longestRun(text: string): number {
  if (text.length <= LONGEST_BLOCK) return 0;
  let longest = 0;
  for (const run of text.split(/\n[ \t]*\n|^ {0,3}(?:```|~~~)/m)) longest = Math.max(longest, run.length);
  return longest;
}
