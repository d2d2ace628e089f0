/**
 * Emphasis beside Chinese, Japanese and Korean, which write no spaces: **“重要”**的事 is bold.
 *
 * CommonMark's flanking rules close nothing between a punctuation mark and a letter. As amended for these scripts
 * (https://github.com/tats-u/markdown-cjk-friendly): their own punctuation counts as letters do, and behind or before any
 * other punctuation one of their characters counts as a space does. The rules are marked's, with these classes.
 */

const CJK =
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Bopomofo}" +
  "\\u3001-\\u303f\\u30a0\\u30fb\\u30fc\\ufe10-\\ufe1f\\ufe30-\\ufe6f\\uff01-\\uffee]";
const PUNCT = `(?:(?![~]|${CJK})[\\p{P}\\p{S}])`;
const DEL_PUNCT = `(?:(?!${CJK})[\\p{P}\\p{S}])`;

/** The alternatives of marked's rule for closing runs of `mark`, by what stands before and behind one. */
function closers(run: string, mark: string, punct: string): string {
  const other = `(?:(?!${punct})\\S)`;
  const not = `(?!${mark})`;
  return [
    `${not}${punct}(${run})(?=\\s|$)`, // 1: only closes
    `(?!${CJK}${run}${not}${punct})${other}(${run})${not}(?=${punct}|\\s|$)`, // 2: only closes
    `(?!${punct}${run}${CJK})${not}(?:${punct}|\\s)(${run})(?=${other})`, // 3: only opens
    `\\s(${run})${not}(?=${punct})`, // 4: only opens
    `(?:${not}${punct}(?=${run}${not}(?:${punct}|${CJK}))|${CJK}(?=${run}${not}${punct}))(${run})${not}(?=${punct}|${CJK})`, // 5: both
    `${other}(${run})(?=${other})`, // 6: both
  ].join("|");
}

export const EMPHASIS_RULES = {
  emStrongLDelim: new RegExp(`^(?:\\*+(?:((?!\\*)${PUNCT})|([^\\s*]))?)|^_+(?:((?!_)(?!~)[\\p{P}\\p{S}])|([^\\s_]))?`, "u"),
  emStrongRDelimAst: new RegExp(`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|${closers("\\*+", "\\*", PUNCT)}`, "gu"),
  delLDelim: new RegExp(`^~~?(?:((?!~)${DEL_PUNCT})|[^\\s~])`, "u"),
  delRDelim: new RegExp(`^[^~]+(?=[^~])|${closers("~~?", "~", DEL_PUNCT)}`, "gu"),
  punctuation: new RegExp(`^(?![*_])(?:\\s|${DEL_PUNCT})`, "u"),
};

const OPENS_BEFORE_PUNCT = new RegExp(`^(?:\\*+(?!\\*)${PUNCT}|~~?(?!~)${DEL_PUNCT})`, "u");
const CJK_CHARACTER = new RegExp(`^${CJK}$`, "u");

/** Whether the run at the start of `source` opens emphasis although punctuation follows: behind one of their characters. */
export function opensBehindCjk(source: string, before: string): boolean {
  return CJK_CHARACTER.test(before) && OPENS_BEFORE_PUNCT.test(source);
}
