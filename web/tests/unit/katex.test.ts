// @vitest-environment jsdom
/** Formulae as elements. What they look like is tested in a browser (tests/browser/formulae.mjs). */

import { afterEach, describe, expect, it, vi } from "vitest";
import { drawMath } from "../../src/markdown/katex";
import "../../src/markdown/chemistry";

function draw(tex: string, display = false): HTMLElement {
  const element = document.createElement("span");
  drawMath(tex, element, display);
  return element;
}

afterEach(() => vi.restoreAllMocks());

describe("drawMath", () => {
  it.each(["\\vec{a}", "\\oiint", "\\left(\\begin{matrix}1\\\\1\\\\1\\\\1\\end{matrix}\\right)", "\\pmb{x}", "\\fcolorbox{red}{blue}{x}"])(
    "sets the styles of %s by script, never by attribute",
    (tex) => {
      const set = vi.spyOn(Element.prototype, "setAttribute");
      const element = draw(tex);
      expect(set.mock.calls.filter(([name]) => name === "style")).toEqual([]);
      expect(element.querySelectorAll("[data-style]")).toHaveLength(0);
    },
  );

  it("gives the arrow of a vector its width", () => {
    expect(draw("\\vec{a}").querySelector("svg")?.style.width).toBe("0.471em");
  });

  it.each([
    "\\begin{multline} a \\\\ b \\end{multline}",
    "\\begin{eqnarray} a &=& b \\end{eqnarray}",
    "\\begin{flalign*} a &= b \\end{flalign*}",
    "\\begin{align} a &= b \\label{eq:1} \\\\ c &= d \\nonumber \\end{align}",
    "\\begin{displaymath} x \\end{displaymath}",
    "a &= b \\\\ c &= d",
    "\\ce{2H2 + O2 -> 2H2O}",
    "\\pu{5 kg}",
    "\\abs{x} + \\norm{y} + \\mathds{1}",
    "\\newcommand{\\abs}[1]{|#1|} \\abs{x}",
    "x = 1 \\tag{1}",
  ])("sets %s, inline too", (tex) => {
    expect(draw(tex).querySelector(".katex-html")).not.toBeNull();
  });

  it.each(["\\frac{1}", "\\nosuchcommand", "a & b }", "\\def\\a{\\a\\a}\\a"])("throws for %s", (tex) => {
    expect(() => draw(tex)).toThrow();
  });

  it("makes no link", () => {
    expect(draw("\\href{javascript:alert(1)}{x}").querySelector("[href]")).toBeNull();
  });
});
