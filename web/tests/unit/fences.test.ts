import { describe, expect, it } from "vitest";
import { IncrementalLexer } from "../../src/markdown/incremental";
import { lex } from "../../src/markdown/lexer";

/** The blocks of a text: code as [language, text], others as their source. */
const blocks = (text: string, complete = true) =>
  lex(text, complete)
    .filter(({ type }) => type !== "space")
    .map((token) => (token.type === "code" ? [token["lang"], token["text"]] : token.raw.trim()));

const README = "```markdown\n# T\n\n```python\nx\n```\n\nMore.\n```\n\nEnd.";

describe("a fence of Markdown", () => {
  it.each<[string, string, unknown[]]>([
    ["holds a fence of its length", README, [["markdown", "# T\n\n```python\nx\n```\n\nMore."], "End."]],
    ["holds several", "```md\n```js\na\n```\n```sh\nb\n```\n```\nEnd.", [["md", "```js\na\n```\n```sh\nb\n```"], "End."]],
    ["holds another with one in it", "```markdown\n```markdown\n```python\n```\n```\n```\nEnd.", [["markdown", "```markdown\n```python\n```\n```"], "End."]],
    ["of tildes holds both", "~~~markdown\n```python\nx\n```\n~~~js\ny\n~~~\n~~~\nEnd.", [["markdown", "```python\nx\n```\n~~~js\ny\n~~~"], "End."]],
    ["holds tildes with a bare fence in them", "```md\n~~~text\n```\n~~~\n```\nEnd.", [["md", "~~~text\n```\n~~~"], "End."]],
    ["of four ends at four", "````markdown\n```python\nx\n```\n````\nEnd.", [["markdown", "```python\nx\n```"], "End."]],
    ["of four ends at four, whatever is open", "````markdown\n```python\nx\n````\nEnd.", [["markdown", "```python\nx"], "End."]],
    ["ends at the last bare fence where one is missing", "```markdown\n# T\n```python\nx\n```\nEnd.", [["markdown", "# T\n```python\nx"], "End."]],
    ["without any bare fence is open to the end", "```markdown\n```python\nx", [["markdown", "```python\nx"]]],
    ["in a list", "- a\n\n  ```md\n  ```js\n  x\n  ```\n  ```\n- b", ["- a\n\n  ```md\n  ```js\n  x\n  ```\n  ```\n- b"]],
    ["holds an indented one", "```md\n1. a\n\n    ```sh\n    x\n    ```\n\n    ```\n    y\n    ```\n```\nEnd.", [["md", "1. a\n\n    ```sh\n    x\n    ```\n\n    ```\n    y\n    ```"], "End."]],
    ["of one line", "```markdown\n```", [["markdown", ""]]],
    ["beside another", "```md\na\n```\n\n```md\nb\n```", [["md", "a"], ["md", "b"]]],
    ["is not every fence", "```text\n```python\nx\n```\nEnd.", [["text", "```python\nx"], "End."]],
    ["is not a code span", "```md a``` b", ["```md a``` b"]],
  ])("%s", (_, text, expected) => {
    expect(blocks(text)).toEqual(expected);
  });

  it("stays open while it streams", () => {
    expect(blocks("```markdown\n# T\n```python\nx\n```\nMore.", false)).toEqual([["markdown", "# T\n```python\nx\n```\nMore."]]);
  });

  it("is the same, fed a character at a time", () => {
    const lexer = new IncrementalLexer();
    for (let end = 1; end <= README.length; end += 1) expect(lexer.grow(README.slice(0, end))).toEqual(lex(README.slice(0, end), false));
    expect(lexer.finish(README)).toEqual(lex(README));
  });
});
