// @vitest-environment jsdom
/** What the reader's browser gets, literally. Formulae stay source here: KaTeX draws them in a browser only. */

import { render } from "preact";
import { describe, expect, it } from "vitest";
import { Markdown } from "../../src/markdown/Markdown";

function html(text: string, streaming = false): string {
  const root = document.createElement("div");
  render(<Markdown text={text} streaming={streaming} />, root);
  return root.querySelector(".prose")?.innerHTML ?? "";
}

describe("Markdown", () => {
  it.each([
    ["a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>"],
    ["# One\n### Three", '<h3 class="depth-1">One</h3><h5 class="depth-3">Three</h5>'],
    ["- a\n- b\n  1. c", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>"],
    ["3. c\n4. d", '<ol start="3"><li>c</li><li>d</li></ol>'],
    ["> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"],
    ["a  \nb", "<p>a<br>b</p>"],
    ["---", "<hr>"],
    ["a &amp; b &lt;i&gt; \\*c\\*", "<p>a &amp; b &lt;i&gt; *c*</p>"],
    ["`&amp;`", "<p><code>&amp;amp;</code></p>"],
  ])("shows %j", (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it("shows task lists", () => {
    expect(html("- [x] a\n- [ ] b")).toBe(
      '<ul class="tasks"><li><input type="checkbox" disabled="" aria-label="done">a</li><li><input type="checkbox" disabled="" aria-label="to do">b</li></ul>',
    );
  });

  it("shows tables, with a line break in a cell", () => {
    const table = "| a | b |\n|:--|--:|\n| 1<br>2 | 3 |";
    expect(html(table)).toBe(
      '<div class="table" tabindex="0" role="region" aria-label="Table"><table>' +
        '<thead><tr><th scope="col" class="align-left">a</th><th scope="col" class="align-right">b</th></tr></thead>' +
        '<tbody><tr><td class="align-left">1<br>2</td><td class="align-right">3</td></tr></tbody></table></div>',
    );
  });

  it("shows code as it is, with its language", () => {
    const root = document.createElement("div");
    render(<Markdown text={"```html\n<b onclick=x>&amp;\n```"} />, root);
    expect(root.querySelector("figcaption span")?.textContent).toBe("html");
    expect(root.querySelector("code")?.textContent).toBe("<b onclick=x>&amp;");
  });

  it("links out safely", () => {
    expect(html("[a](https://example.org 'T')")).toBe(
      '<p><a href="https://example.org/" target="_blank" rel="noopener noreferrer" title="T">a</a></p>',
    );
    expect(html("https://example.org")).toContain('href="https://example.org/"');
  });

  it("follows references once the text is complete", () => {
    expect(html("[a][1]\n\n[1]: https://example.org")).toContain('href="https://example.org/"');
  });

  it("gives formulae to KaTeX and money to nobody", () => {
    const root = document.createElement("div");
    render(<Markdown text={"It costs $5 or $6, and $x_1$ or \\(y\\).\n\n$$\nz\n$$\n\n`$a$`"} />, root);
    expect([...root.querySelectorAll(".math")].map((element) => element.className)).toEqual(["math", "math", "math display"]);
    expect(root.textContent).toContain("It costs $5 or $6, and ");
    expect(root.querySelector("code")?.textContent).toBe("$a$");
  });
});

describe("hostile Markdown", () => {
  it.each([
    ["<script>alert(1)</script>", '<p class="raw">&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
    ["a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>"],
    ["<div onclick=x>\n*a*\n</div>", '<p class="raw">&lt;div onclick=x&gt;\n*a*\n&lt;/div&gt;</p>'],
    ["[a](javascript:alert(1))", "<p>a</p>"],
    ["[a](java&#115;cript:alert(1))", "<p>a</p>"],
    ["<javascript:alert(1)>", "<p>javascript:alert(1)</p>"],
    ["[a](/v1/models)", "<p>a</p>"],
    ["![a](https://example.org/x.png)", '<p><a class="image" href="https://example.org/x.png" target="_blank" rel="noopener noreferrer">Image: a</a></p>'],
    ["![a](javascript:alert(1))", "<p>[image: a]</p>"],
    ["![a](data:image/svg+xml,<svg/onload=alert(1)>)", "<p>[image: a]</p>"],
    ["&lt;script&gt;", "<p>&lt;script&gt;</p>"],
  ])("shows %j as text", (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it("makes no element but those it knows, whatever comes", () => {
    const allowed = new Set("p em strong del code h3 h4 h5 h6 ul ol li blockquote br hr a input div table thead tbody tr th td figure figcaption pre span button svg path".split(" "));
    const text = "<iframe src=x></iframe> <style>*{}</style> <svg onload=x> <a href=javascript:x>y</a>\n\n<form><input name=a>\n\n<math><mi//xlink:href='x'>\n\n| <b>a</b> |\n|-|\n| <script>x</script> |\n\n```<b>\nx\n```";
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    for (const element of root.querySelectorAll("*")) {
      expect(allowed).toContain(element.tagName.toLowerCase());
      expect(element.getAttributeNames().filter((name) => name.startsWith("on"))).toEqual([]);
    }
    expect(root.querySelectorAll("iframe, style, form, script, b, svg[onload]")).toHaveLength(0);
  });

  const hostile: [string, string][] = [
    ["quotes", "> ".repeat(20_000)],
    ["lists", "- ".repeat(20_000)],
    ["list levels", Array.from({ length: 300 }, (_, level) => `${"  ".repeat(level)}- a`).join("\n")],
    ["brackets", "[".repeat(20_000)],
    ["half links", "[a](".repeat(20_000)],
    ["stars", "*a**b".repeat(20_000)],
    ["dollars", "$$".repeat(20_000)],
    ["parens", "\\(".repeat(20_000)],
    ["tags", "<a ".repeat(20_000)],
    ["ticks", Array.from({ length: 500 }, (_, length) => `${"`".repeat(length)}a`).join("")],
    ["one line", "a".repeat(490_000)],
    ["more than is taken apart", "a b\n\n".repeat(101_000)],
  ];
  it.each(hostile)("shows %s without losing a character", (_, text) => {
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    const squeeze = (shown: string) => shown.replace(/\s/g, "");
    expect(squeeze(root.textContent ?? "")).toBe(squeeze(text));
  });
});
