// @vitest-environment jsdom
/** Texts made at random of everything that answers hold: no word is lost, and streaming ends where reading at once does. */

import type { Token } from "marked";
import { render } from "preact";
import { describe, expect, it } from "vitest";
import { IncrementalLexer } from "../../src/markdown/incremental";
import { lex } from "../../src/markdown/lexer";
import { Markdown } from "../../src/markdown/Markdown";

/** The same numbers for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** W stands for a word of its own. */
const INLINE = [
  "W", "W", "**W**", "*W*", "`W`", "`W|W`", "~~W~~", "$W$", "$|W|$", "$W_1^2$", "\\(W\\)", "\\[W\\]", "$$W$$", "\\boxed{W}", "$5 W", "5$ W", "$W", "\\$W",
  "<sub>W</sub>", "<b>W", "W</b>", "<details>W", "<summary>W</summary>", "</details>", "<i class=x>W</i>", "<think>W</think>", "<!-- W -->", "<div>W",
  "[W](https://a.org/b)", "[W][1]", "![W](https://a.org/c)", "https://W.org/a，W", "（https://a.org/W）", "W@a.org", "W[^1]", "W[^x]", "[^W]", "**“W”**的W",
  "W**「W」**", "|W|", "\\|", "|", "&lt;W&gt;", "W  \n", "_W_", "__W__", "\\begin{align}W\\end{align}", "\\begin{x}W", "```W", "``W``", "*", "_", "$", "[", "]", "(", ")",
]; // prettier-ignore
const BLOCKS = [
  "I", "I I I", "# I", "- I\n- I\n  - I", "1. I\n\n   I\n2. I", "> I\n> I", "> - I", "| I | I |\n|---|---|\n| I | I |\n| I |\n| I | I | I |", "```\nW W\n```",
  "```markdown\n# W\n```python\nW\n```\nW\n```", "```markdown\nW\n```js\nW\n```", "~~~md\n```\nW\n```\n~~~", "$$\nW\n$$", "\\[\nW\n\\]", "\\[\nW", "\\begin{align}\nW &= W \\\\\n\\end{align}",
  "\\begin{tabular}{l}\nW & W \\\\\n\\end{tabular}", "\\begin{cases}\nW", "\\boxed{W}", "<details><summary>I</summary>\n\nI\n\n</details>", "<details>\n\nI\n\n- I", "</details>",
  "[^1]: I", "[^1]: I\n\n    I", "[^2]: I\nI", "[1]: https://a.org", "---", "I\n===", "    W W", "<div>\nW\n</div>", "<br>", "- [ ] I\n- [x] I", "<pre>\nW\n\nW\n</pre>",
]; // prettier-ignore

function compose(seed: number): { text: string; words: string[] } {
  const next = random(seed);
  const pick = (from: readonly string[]) => from[Math.floor(next() * from.length)] ?? "";
  const inline = () => Array.from({ length: 1 + Math.floor(next() * 4) }, () => pick(INLINE)).join(next() < 0.7 ? " " : "");
  const words: string[] = [];
  const text = Array.from({ length: 1 + Math.floor(next() * 6) }, () => pick(BLOCKS).replace(/I/g, inline))
    .join(next() < 0.8 ? "\n\n" : "\n")
    .replace(/W/g, () => {
      const word = `q${words.length}z`;
      words.push(word);
      return word;
    });
  return { text, words };
}

const blocks = (tokens: readonly Token[]) => tokens.filter(({ type }) => type !== "space").map(({ type, raw }) => `${type}: ${raw.trim()}`);

describe("a text of anything", { timeout: 60_000 }, () => {
  it("loses no word", () => {
    const root = document.createElement("div");
    for (let seed = 1; seed <= 80; seed += 1) {
      const { text, words } = compose(seed);
      render(<Markdown text={text} />, root);
      const shown = [root.textContent, ...[...root.querySelectorAll("a")].map(({ href }) => href)].join(" ");
      expect(words.filter((word) => !shown.includes(word)), `${seed}: ${JSON.stringify(text)}`).toEqual([]);
    }
  });

  it.each([
    ["notes", "[^a]: b\n"],
    ["fences of Markdown", "```md\nx\n```\n"],
    ["fences of Markdown that never end", "```md\n\n```x\n"],
    ["environments that never end", "\\begin{tabular}\na & b\n\n"],
    ["formulae that never end", "\\[\na_1\n\n"],
    ["details", "<details>\n\na\n\n</details>\n"],
    ["details that never end", "<details>\n\na\n\n"],
    ["tables", "| $a|b$ | `c|d` |\n|---|---|\n| $e | f |\n\n"],
  ])("is taken apart in time where it is made of %s", (_, part) => {
    const text = part.repeat(Math.floor(200_000 / part.length));
    expect(lex(text).map(({ raw }) => raw).join("").length).toBeGreaterThanOrEqual(text.trimEnd().length);
  });

  it("is cut where it is whole while it streams", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { text } = compose(seed);
      const lexer = new IncrementalLexer();
      for (let end = 1; end <= text.length; end += 1 + (seed % 13)) {
        const part = text.slice(0, end);
        expect(blocks(lexer.grow(part)), `${seed}: ${JSON.stringify(part)}`).toEqual(blocks(lex(part, false)));
      }
      expect(lexer.finish(text)).toEqual(lex(text));
    }
  });
});
