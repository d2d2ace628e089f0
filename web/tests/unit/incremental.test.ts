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
