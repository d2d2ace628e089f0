/**
 * Markdown to tokens: marked's lexer with what models write beyond it (formulae, footnotes, folding details), and bounds
 * that hostile text cannot cross.
 */

import { Hooks, Lexer, Marked, type MarkedExtension, type Token, type TokenizerObject, type Tokens } from "marked";
import { scanDetails, type DetailsToken } from "./details";
import { EMPHASIS_RULES, opensBehindCjk } from "./emphasis";
import { sourceBlock } from "./environments";
import { markdownFence } from "./fences";
import { DEFINITION_START, scanDefinition, scanReference, type NoteRefToken, type NoteToken } from "./footnotes";
import { startsInline } from "./html";
import { urlEnd } from "./links";
import { isEscaped, isUnclosed, nextMath, scanMath, unclosedLength } from "./math";
import { tableToken } from "./tables";

export interface MathToken extends Tokens.Generic {
  type: "math";
  tex: string;
  display: boolean;
}

/** Text that is shown as it is: too deep or too large for the lexer to take apart in time, or no Markdown. */
export interface PlainToken extends Tokens.Generic {
  type: "plain";
  text: string;
}

const DEEPEST = 24; // levels of quotes, lists and details; the lexer takes time with the square of them
const LONGEST_BLOCK = 20_000; // characters of one block of running text, beyond which it stays plain
const LONGEST_TEXT = 500_000;

const BLOCK_MATH = /(?:^|\n) {0,3}(?:\$\$|\\(?:\[|begin\{|boxed\{))/;

const mathExtension: MarkedExtension = {
  extensions: [
    {
      name: "math",
      level: "block",
      start: (source) => startIn(source, BLOCK_MATH),
      tokenizer(source): MathToken | PlainToken | undefined {
        const indent = /^ {0,3}/.exec(source)?.[0].length ?? 0;
        const start = source.slice(indent);
        if (!/^(?:\$\$|\\[[b])/.test(start)) return undefined;
        const span = scanMath(start);
        if (span && (span.display || start.startsWith("\\boxed"))) {
          const rest = /^[ \t]*(?:\n+|$)/.exec(start.slice(span.length));
          if (!rest) return undefined; // text follows on the line: it is a part of a paragraph
          return { type: "math", raw: source.slice(0, indent + span.length + rest[0].length), tex: span.tex, display: true };
        }
        const length = sourceBlock(start).length || unclosedLength(start);
        return length > 0 ? { type: "plain", raw: source.slice(0, indent + length), text: start.slice(0, length) } : undefined;
      },
    },
    {
      name: "inlineMath",
      level: "inline",
      start: (source) => found(nextMath(source)),
      tokenizer(source, tokens): MathToken | PlainToken | undefined {
        const span = scanMath(source, (tokens as Token[]).at(-1)?.raw.slice(-1));
        if (!span && isUnclosed(source)) return plain(source.split("\n", 1)[0] ?? source);
        return span ? { type: "math", raw: source.slice(0, span.length), tex: span.tex, display: span.display } : undefined;
      },
    },
  ],
};

const noteExtension: MarkedExtension = {
  extensions: [
    {
      name: "note",
      level: "block",
      start: (source) => startIn(source, DEFINITION_START),
      tokenizer(source): NoteToken | undefined {
        const definition = scanDefinition(source);
        if (!definition) return undefined;
        const { raw, label, text } = definition;
        return { type: "note", raw, label, tokens: nestedBlocks(this.lexer, text) };
      },
    },
    {
      name: "noteRef",
      level: "inline",
      start: (source) => found(source.indexOf("[^")),
      tokenizer(source): NoteRefToken | undefined {
        return this.lexer.state.inLink ? undefined : scanReference(source);
      },
    },
  ],
};

const detailsExtension: MarkedExtension = {
  extensions: [
    {
      name: "details",
      level: "block",
      tokenizer(source): DetailsToken | undefined {
        const scanned = scanDetails(source);
        if (!scanned) return undefined;
        const { raw, summary, body, closed } = scanned;
        return { type: "details", raw, closed, summary: this.lexer.inline(summary), tokens: nestedBlocks(this.lexer, body) };
      },
    },
  ],
};

const tokenizer: TokenizerObject = {
  emStrong(source, masked, before = "") {
    if (opensBehindCjk(source, before)) return this.emStrong(source, masked, ""); // as at the start of a line
    return isHalf(before) ? this.emStrong(source, masked, masked.slice(0, masked.length - source.length).slice(-2)) : false;
  },
  del(source, masked, before = "") {
    return opensBehindCjk(source, before) ? this.del(source, masked, "") : false;
  },
  fences(source) {
    return markdownFence(source, !(this.lexer instanceof AnswerLexer) || this.lexer.complete) ?? false;
  },
  html(source) {
    return startsInline(source) ? undefined : false;
  },
  table(source) {
    const match = this.rules.block.table.exec(source);
    return match ? tableToken(match, (text) => this.lexer.inline(text)) : undefined;
  },
  url(source) {
    const end = urlEnd(source);
    return end < source.length ? this.url(source.slice(0, end)) : false;
  },
};

const marked = new Marked({ gfm: true }, mathExtension, noteExtension, detailsExtension, { tokenizer });

/** marked's lexer for one text. */
class AnswerLexer extends Lexer {
  depth = 0;
  private readonly sources: string[] = []; // the inline texts that are being taken apart, the innermost last

  constructor(readonly complete: boolean) {
    super({ ...marked.defaults });
    const own = Object.assign(new Hooks(), { emStrongMask: (text: string) => this.maskFormulae(text) });
    this.options.hooks = own;
    const { tokenizer: shared } = this.options;
    if (shared) shared.rules = { ...shared.rules, inline: { ...shared.rules.inline, ...EMPHASIS_RULES } };
  }

  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    this.sources.push(source);
    try {
      return super.inlineTokens(source, tokens);
    } finally {
      this.sources.pop();
    }
  }

  /** Hides formulae from the search for the ends of emphasis, as marked hides code: `*a $b*c$ d*`. */
  private maskFormulae(masked: string): string {
    const source = this.sources.at(-1) ?? "";
    let result = masked;
    for (let at = 0; at < source.length; ) {
      const next = nextMath(source.slice(at));
      if (next < 0) break;
      at += next;
      const hidden = masked[at] !== source[at] && masked[at] !== "+"; // in code or a link; escapes are masked by "+"
      const span = hidden || isEscaped(source, at) ? null : scanMath(source.slice(at), source[at - 1]);
      if (span) result = `${result.slice(0, at)}[${"a".repeat(span.length - 2)}]${result.slice(at + span.length)}`;
      at += span?.length ?? 1;
    }
    return result;
  }
}

/** Whether a character in front of emphasis is the second half of one, as marked hands over an emoji. */
function isHalf(before: string): boolean {
  return /^[\udc00-\udfff]$/.test(before);
}

/** The blocks inside another one; text too deep for the lexer stays plain. */
function nestedBlocks(lexer: Lexer, text: string): Token[] {
  if (!(lexer instanceof AnswerLexer) || lexer.depth >= DEEPEST) return [plain(text)];
  const { top } = lexer.state;
  lexer.depth += 1;
  lexer.state.top = true;
  const tokens = lexer.blockTokens(text, []);
  lexer.state.top = top;
  lexer.depth -= 1;
  return tokens;
}

/** Where an extension's block may start within the first paragraph of `source`: beyond it nothing is interrupted. */
function startIn(source: string, pattern: RegExp): number | undefined {
  const end = source.indexOf("\n\n");
  return found((end < 0 ? source : source.slice(0, end)).search(pattern));
}

function found(index: number): number | undefined {
  return index < 0 ? undefined : index;
}

/** What references such as `[text][label]` lead to, by their label. */
export type Links = Readonly<Record<string, { readonly href: string | null; readonly title: string | null }>>;

/**
 * The block tokens of a text. Never throws: what cannot be taken apart comes back as plain text. A text that is not
 * `complete` still streams: what is open at its end stays open. `links` are defined elsewhere in the text that this one
 * is a part of.
 */
export function lex(text: string, complete = true, links: Links = {}): Token[] {
  if (text.length > LONGEST_TEXT) return [plain(text)];
  const tokens: Token[] = [];
  for (const part of splitHostile(text)) {
    if (part.hostile) tokens.push(plain(part.text));
    else tokens.push(...lexPart(part.text, complete, links));
  }
  return tokens;
}

function lexPart(text: string, complete: boolean, links: Links): Token[] {
  try {
    const lexer = new AnswerLexer(complete);
    Object.assign(lexer.tokens.links, links);
    return lexer.lex(text);
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
