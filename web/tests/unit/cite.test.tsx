// @vitest-environment jsdom
import { render } from "preact";
import { beforeEach, describe, expect, it } from "vitest";
import { CitationContext, type CitedSource } from "../../src/markdown/Cite";
import { Markdown } from "../../src/markdown/Markdown";

const source = (number: number, supported: boolean | null = null): [number, CitedSource] => [
  number,
  { number, title: `Page ${number}`, url: "https://a.example", quote: "said", supported },
];

describe("marks of sources", () => {
  let root: HTMLElement;
  beforeEach(() => {
    root = document.createElement("div");
  });
  const draw = (text: string) => {
    render(
      <CitationContext.Provider value={new Map([source(1), source(2, false), source(3)])}>
        <Markdown text={text} />
      </CitationContext.Provider>,
      root,
    );
    return [...root.querySelectorAll(".cite button")].map((button) => button.textContent);
  };

  it.each([
    ["It rains [1].", ["1"]],
    ["It rains [1][2], and **snows [3]**.", ["1", "2", "3"]],
    ["It rains [1, 3].", ["1", "3"]],
    ["It rains [citation:2] 【3】【1†a】.", ["2", "3", "1"]],
  ])("%s", (text, numbers) => {
    expect(draw(text)).toEqual(numbers);
  });

  it.each(["No source [7].", "A list `x[1]`.", "```\nx[1]\n```", "[1](https://a.example)"])("%s stays as it is", (text) => {
    expect(draw(text)).toEqual([]);
  });

  it("says which source, and marks what is not in it", () => {
    draw("It rains [2].");
    const button = root.querySelector(".cite button");
    expect(button?.getAttribute("aria-label")).toBe("Source 2: Page 2");
    expect(button?.className).toBe("unsupported");
  });
});
