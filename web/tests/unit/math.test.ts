import { describe, expect, it } from "vitest";
import { scanMath } from "../../src/markdown/math";

const tex = (source: string) => scanMath(source)?.tex ?? null;

describe("scanMath", () => {
  it.each([
    ["$x$", "x"],
    ["$x^2 + y_1$ and", "x^2 + y_1"],
    ["$E = mc^2$.", "E = mc^2"],
    ["$5 + x$", "5 + x"],
    ["$n$-th", "n"],
    ["$\\$5$", "\\$5"],
    ["$\\text{if } x > 0$", "\\text{if } x > 0"],
    ["$f(x)$", "f(x)"],
    ["$[0, 1)$", "[0, 1)"],
    ["$$a\n+ b$$", "a\n+ b"],
    ["$$ a $$", "a"],
    ["\\(a\\)", "a"],
    ["\\[ a \\]", "a"],
    ["\\(a \\\\ b\\)", "a \\\\ b"],
  ])("reads %j", (source, expected) => {
    expect(tex(source)).toBe(expected);
  });

  it.each([
    "$5 and $10",
    "$5, $6 or $7",
    "$20 (or 30$)",
    "$5 per month and 10$ per year",
    "$1.5M to investors, 2$ to us",
    "$HOME and $PATH",
    "$ x$",
    "$x $",
    "$x$5",
    "$$",
    "$$$$",
    "$5$",
    "$x",
    "$a\n\nb$",
    "$$a\n\nb$$",
    "\\(a",
    "\\[]",
    "$a {b$",
    "x$y$",
    "",
  ])("leaves %j alone", (source) => {
    expect(tex(source)).toBeNull();
  });

  it("tells display from inline, and how much it took", () => {
    expect(scanMath("$$x$$ rest")).toEqual({ tex: "x", display: true, length: 5 });
    expect(scanMath("\\[x\\] rest")).toEqual({ tex: "x", display: true, length: 5 });
    expect(scanMath("\\(x\\) rest")).toEqual({ tex: "x", display: false, length: 5 });
    expect(scanMath("$x$ rest")).toEqual({ tex: "x", display: false, length: 3 });
  });

  it("gives up on a formula without end", () => {
    expect(tex(`$$${"x".repeat(20_000)}$$`)).toBeNull();
  });
});
