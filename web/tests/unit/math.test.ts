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
    ["$101$ and $50$", "101"],
    ["$5$", "5"],
    ["$1,000.5$", "1,000.5"],
    ["$-3$, then", "-3"],
    ["$50\\%$", "50\\%"],
    ["$x$是", "x"],
    ["$x$は", "x"],
    ["$n$th", "n"],
    ["$x_i$s", "x_i"],
    ["$k$-th", "k"],
    ["$_2$O", "_2"],
    ["$1, x, y$", "1, x, y"],
    ["$3/ab$", "3/ab"],
    ["$]0, 1[$", "]0, 1["],
    ["$P(A|B)$", "P(A|B)"],
    ["\\[\nx = 1\n\ny = 2\n\\]", "x = 1\n\ny = 2"],
    ["\\boxed{\\frac{1}{2}} is", "\\boxed{\\frac{1}{2}}"],
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
    "$4M; a 5$ bill",
    "$5, a 10$ bill",
    "$5 a day, 10$ a week",
    "$5 or 6$",
    "$5, 10 or 20$",
    "$5/month and 10$",
    "$5元，10$",
    "$5,$ then",
    "$5** or **6$",
    "$5; `$` is",
    "$5 [a](b) 6$",
    "$) or ($",
    "$HOME:$PATH",
    "$HOME$s",
    "$x$y",
    "$$$",
    "$$ and $$$",
    "$$ and $$",
    "$$ (moderate) or more $$",
    "\\[optional arguments\\]",
    "\\(see the text\\)",
    "\\boxed{a",
    "\\begin{align} a",
    "\\begin{itemize} a \\end{itemize}",
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

  it.each([
    ["$/month or 10$", "5"],
    ["$-10$", "5"],
    ["$, 20$", "10"],
    ["$5$", "R"],
    ["$5 + x$", "S"],
    ["$x$", "$"],
  ])("leaves %j behind %j alone", (source, before) => {
    expect(scanMath(source, before)).toBeNull();
  });

  it.each([
    ["$_2$O", "H"],
    ["$^\\circ$", "0"],
    ["$\\times$5", "3"],
    ["$x^2$-axis", "e"],
    ["$x$为", "设"],
    ["$x$", "("],
  ])("reads %j behind %j", (source, before) => {
    expect(scanMath(source, before)).not.toBeNull();
  });

  it.each(["align", "align*", "gather", "cases", "pmatrix", "equation*", "multline", "alignat", "eqnarray"])("reads %s without delimiters", (name) => {
    const source = `\\begin{${name}} a &= b \\\\ c &= d \\end{${name}}`;
    expect(scanMath(`${source} rest`)).toEqual({ tex: source, display: true, length: source.length });
  });

  it("takes an environment with others of its name inside as one", () => {
    const source = "\\begin{aligned} \\begin{aligned} a \\end{aligned} \\\\ b \\end{aligned}";
    expect(tex(`${source}, \\end{aligned}`)).toBe(source);
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
