import { describe, expect, it } from "vitest";
import { IncrementalLexer } from "../../src/markdown/incremental";
import { lex } from "../../src/markdown/lexer";

const TEXT = `# Title

A paragraph with *emphasis*, \`code\` and $x_1$.
It goes on.

- one
- two

  still two
    - deep

1. first
2. second

Setext
---

> quote
goes on lazily

| a | b |
|---|---|
| 1 | 2 |

\`\`\`python
def f():

    return 1
\`\`\`

$$
x^2
$$

\tindented code

<div>
raw
</div>

Claim[^1] with **“重要”**的 and x<sub>2</sub>.

<details><summary>More</summary>

Folded.

</details>

\\begin{align}
a &= b \\\\
c &= d
\\end{align}

[^1]: The note.

    Its second paragraph.

The end.`;

describe("IncrementalLexer", () => {
  it("ends with the tokens of the whole text, fed a character at a time", () => {
    const lexer = new IncrementalLexer();
    let tokens: readonly unknown[] = [];
    for (let end = 1; end <= TEXT.length; end += 1) tokens = lexer.grow(TEXT.slice(0, end));
    expect(tokens).toEqual(lex(TEXT));
  });

  it("has the same tokens at every step as a lexer that starts anew", () => {
    const lexer = new IncrementalLexer();
    for (let end = 1; end <= TEXT.length; end += 1) {
      const text = TEXT.slice(0, end);
      expect(lexer.grow(text), JSON.stringify(text.slice(-30))).toEqual(lex(text));
    }
  });

  const REFERENCES = `See [the first][one], ![two] and [Three].\n\nMore.\n\n- in a [list][one]\n\nCode: \`[one]\`.\n\n[one]: https://x.org/1 "T"\n[two]: /2\n\n> quoted [three]\n\n[three]: /3\n[three]: /4\n\nEnd.`;

  it.each([TEXT, REFERENCES, `${TEXT}\n\n${REFERENCES}`])("finishes with the tokens of the whole text, however it came", (text) => {
    for (const step of [1, 7, 50, 400]) {
      const lexer = new IncrementalLexer();
      for (let end = step; end < text.length; end += step) lexer.grow(text.slice(0, end));
      expect(lexer.finish(text), `steps of ${step}`).toEqual(lex(text));
    }
  });

  it("finishes without reading again what it has read", () => {
    const lexer = new IncrementalLexer();
    const before = lexer.grow("one\n\ntwo\n\nthree\n\nfour");
    const after = lexer.finish("one\n\ntwo\n\nthree\n\nfour\n\nfive");
    expect(after[0]).toBe(before[0]);
  });

  it("keeps the tokens of finished blocks, as the same objects", () => {
    const lexer = new IncrementalLexer();
    const before = lexer.grow("one\n\ntwo\n\nthree\n\nfour");
    const after = lexer.grow("one\n\ntwo\n\nthree\n\nfour and more");
    expect(after[0]).toBe(before[0]);
    expect(after[2]).toBe(before[2]);
    expect(after.at(-1)).not.toBe(before.at(-1));
  });

  it("starts anew where the text is another", () => {
    const lexer = new IncrementalLexer();
    lexer.grow("one\n\ntwo\n\nthree\n\nfour");
    expect(lexer.grow("other")).toEqual(lex("other"));
  });

  it("copes with line ends that the lexer rewrites", () => {
    const text = "a\r\n\r\nb\r\n\r\nc\r\n\r\nd";
    const lexer = new IncrementalLexer();
    for (let end = 1; end < text.length; end += 1) lexer.grow(text.slice(0, end));
    expect(lexer.grow(text).filter(({ type }) => type === "paragraph")).toHaveLength(4);
  });
});
