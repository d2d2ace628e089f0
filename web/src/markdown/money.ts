/**
 * Whether what stands between two dollars is a formula or the text between two prices.
 *
 * The first rules are Pandoc's (tex_math_dollars): no space inside the delimiters, no digit after the closing one. The
 * others refuse prose, shell variables and Markdown, and know how formulae stand in Chinese, Japanese and chemistry.
 */

const COMMAND = /\\[a-zA-Z]/;
const SIGNAL = /\\[a-zA-Z]|[\^_=]/; // what prose does not have

/** A letter of a script that parts words by spaces: one beside a dollar belongs to a price or a variable. */
const SPACED_LETTER = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u;
const UNSPACED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}";

const JOIN = "and|or|to|vs|und|oder|bis|et|ou|или|до";
const WORDS = /\p{L}{3,}[)\].,;:]*\s+\p{L}{2,}/u;
const JOINED = new RegExp(`^(?:${JOIN})$|\\d\\s+(?:${JOIN}|à|y|o|e|и)\\s+\\d`, "u");
const FOREIGN_STOPS = /[，。、；：！？“”「」『』]/;

const AMOUNT = /^[-+~]?\d[\d.,]*(?:\s?(?:[kKmMbBtT]|bn|mn|million|billion|trillion|thousand)(?!\p{L}))?[+%]?/u;
const BEHIND_AMOUNT = new RegExp(
  [
    "^\\s+\\p{L}{2,}", // 5 per month
    "^\\s+[aA]\\s", // 5 a month
    "^\\s*[;:,.!?]\\s+(?:\\p{L}{2,}|[aAI]\\s)", // 4M; a 5
    "^\\s*/\\s*(?:\\p{L}{3,}|\\p{L}+[.,;]?\\s+\\p{L}{2,})", // 5/month
    `^\\s?[${UNSPACED}]`, // 5元
  ].join("|"),
  "u",
);

const WORD_BEHIND_AMOUNT = new RegExp(`^\\s+(?:${JOIN}|each|for|from|in|is|off|per|plus|was|with)\\s`, "u");
const UNIT = /^\s(?:[kcmnµμ]?m|[kmµ]?g|m?s|[kMG]?Hz|eV|m?[lL]|mol|k?Pa|dB|rad|min|ha)(?![\p{L}\s])/u;

/** Words in the place of a formula: \[optional arguments\], "$$ to $$$". */
export function isProse(tex: string): boolean {
  return !SIGNAL.test(tex) && (WORDS.test(tex) || JOINED.test(tex) || FOREIGN_STOPS.test(tex));
}

/** Whether `tex`, between single dollars, is a formula. `before` is the character in front, `after` what follows. */
export function isSingleDollarMath(tex: string, before: string, after: string): boolean {
  if (tex === "" || /^\s|\s$/.test(tex)) return false;
  if (!COMMAND.test(tex) && /`|\*\*|\]\(|\s_\p{L}+_\s/u.test(tex)) return false; // Markdown between two prices
  return isBalanced(tex) && mayFollow(tex, before) && mayPrecede(tex, after) && !isMoney(tex, after) && !isProse(tex);
}

/** The text between "$5" and "10$". A number alone is mathematics: `$101$`. */
function isMoney(tex: string, after: string): boolean {
  if (COMMAND.test(tex)) return false;
  const amount = AMOUNT.exec(tex)?.[0];
  if (amount === undefined) return false;
  if (/\s[A-Z]{1,3}$/.test(tex) && /^ ?\d/.test(after)) return true; // 5, R$ 12
  const rest = tex.slice(amount.length);
  if (rest === "") return /[.,+]$/.test(tex);
  if (SIGNAL.test(rest)) return WORD_BEHIND_AMOUNT.test(rest);
  return (BEHIND_AMOUNT.test(rest) && !UNIT.test(rest)) || (amount.endsWith(",") && /^\p{L}{3,}\s/u.test(rest));
}

/** "US$5" and "5$" are prices; "H$_2$O", "90$^\circ$" and "the$x^2$" are not. */
function mayFollow(tex: string, before: string): boolean {
  if (!/[\p{Script=Latin}\d]$/u.test(before)) return true;
  return /^[\\^_{]/.test(tex) || (SIGNAL.test(tex) && !/^\d/.test(tex));
}

/** "$x$5" and "$HOME:$PATH" are no formulae; "$x$是", "$n$th" and "H$_2$O" are. */
function mayPrecede(tex: string, after: string): boolean {
  const attached = /^(?:\\[a-zA-Z]|[\^_])/.test(tex);
  if (after.startsWith("$")) return false;
  if (/^\d/.test(after)) return attached;
  if (!SPACED_LETTER.test(after)) return true;
  return attached || (/^(?:th|st|nd|rd|s)(?![\p{L}\d])/u.test(after) && /^\S{1,12}$/.test(tex) && !/^[A-Z]{2,}$/.test(tex));
}

function isBalanced(tex: string): boolean {
  const mixed = /[[\]]/.test(tex); // half-open intervals mix the brackets
  let depth = 0;
  let round = 0;
  for (let at = 0; at < tex.length; at += 1) {
    const char = tex[at];
    if (char === "\\") at += 1;
    else if (char === "{") depth += 1;
    else if (char === "}" && --depth < 0) return false;
    else if (char === "(") round += 1;
    else if (char === ")" && --round < 0 && !mixed) return false;
  }
  return depth === 0 && (round === 0 || mixed);
}
