// @vitest-environment jsdom
/** What the reader's browser gets, literally. Formulae stay source here: KaTeX draws them in a browser only. */

import { render } from "preact";
import { describe, expect, it, vi } from "vitest";
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
    expect(html(table).replace(/<div class="table-actions">.*?<\/div>/, "")).toBe(
      '<div class="table-block"><div class="table" tabindex="0" role="group" aria-label="Table"><table>' +
        '<thead><tr><th scope="col" class="align-left">a</th><th scope="col" class="align-right">b</th></tr></thead>' +
        '<tbody><tr><td class="align-left">1<br>2</td><td class="align-right">3</td></tr></tbody></table></div></div>',
    );
  });

  it("shows code as it is, with its language", () => {
    const root = document.createElement("div");
    render(<Markdown text={"```html\n<b onclick=x>&amp;\n```"} />, root);
    expect(root.querySelector("figcaption span")?.textContent).toBe("html");
    expect(root.querySelector("code")?.textContent).toBe("<b onclick=x>&amp;");
    render(<Markdown text={"```Python title='a b.py'\nx\n```"} />, root);
    expect(root.querySelector("figcaption span")?.textContent).toBe("Python · a b.py");
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

/** The text with its emphasis: [strong], {em}, <del>. */
function emphasis(text: string): string {
  return html(text)
    .replace(/<\/?strong>/g, (tag) => (tag.startsWith("</") ? "]" : "["))
    .replace(/<\/?em>/g, (tag) => (tag.startsWith("</") ? "}" : "{"))
    .replace(/<\/?p>/g, "");
}

describe("emphasis beside Chinese, Japanese and Korean", () => {
  it.each([
    ["**“重要”**的事：请**注意：**今天。", "[“重要”]的事：请[注意：]今天。"],
    ["**「強調」**です", "[「強調」]です"],
    ["これは**「強調」**です。", "これは[「強調」]です。"],
    ["他说**“不”**。", "他说[“不”]。"],
    ["**重要：**见下", "[重要：]见下"],
    ["**（注）**以上", "[（注）]以上"],
    ["前**（注）**后", "前[（注）]后"],
    ["**100%**的", "[100%]的"],
    ["价格**$5**元", "价格[$5]元"],
    ["*「斜体」*的", "{「斜体」}的"],
    ["***“都”***的", "{[“都”]}的"],
    ["**`代码`**的", "[<code>代码</code>]的"],
    ["**[链接](https://example.org)**的", '[<a href="https://example.org/" target="_blank" rel="noopener noreferrer">链接</a>]的'],
    ['**"중요"**는', '["중요"]는'],
    ["**중요**는 **한국어(韓國語)**입니다", "[중요]는 [한국어(韓國語)]입니다"],
    ["**テスト。**テスト", "[テスト。]テスト"],
    ["**重要🎉**吗", "[重要🎉]吗"],
    ["🎉**(重要)**的 🎉**(a)**", "🎉[(重要)]的 🎉[(a)]"],
    ["文*！**中*后", "文{！**中}后"],
    ["- **标题：**内容", "<ul><li>[标题：]内容</li></ul>"],
    ["~~“删除”~~的", "<del>“删除”</del>的"],
    ["**一**、**二**和**三**", "[一]、[二]和[三]"],
    ["**“一”**与**“二”**", "[“一”]与[“二”]"],
    ["**甲（乙）***丙*", "[甲（乙）]{丙}"],
    // as CommonMark has it, without such characters
    ['**"quoted"**text', '**"quoted"**text'],
    ["a**b**c a* b *c", "a[b]c a* b *c"],
    ["2 * 3 * 4", "2 * 3 * 4"],
    ["中文_不是_强调", "中文_不是_强调"],
    ["**a *b* c** and *a **b** c*", "[a {b} c] and {a [b] c}"],
  ])("shows %j", (text, expected) => {
    expect(emphasis(text)).toBe(expected);
  });

  it("ends at no star of a formula", () => {
    expect(emphasis("*a $b*c$ d* and **x \\(y**z\\) w**")).toBe('{a <span class="math">$b*c$</span> d} and [x <span class="math">\\(y**z\\)</span> w]');
  });
});

describe("HTML", () => {
  it.each([
    ["x<sub>2</sub> y<sup>3</sup>", "<p>x<sub>2</sub> y<sup>3</sup></p>"],
    ["<b>b</b> <i>i</i> <em>e</em> <strong>s</strong> <u>u</u> <s>s</s> <mark>m</mark>", "<p><b>b</b> <i>i</i> <em>e</em> <strong>s</strong> <u>u</u> <s>s</s> <mark>m</mark></p>"],
    ["Press <kbd>Ctrl</kbd>+<KBD>C</KBD>", "<p>Press <kbd>Ctrl</kbd>+<kbd>C</kbd></p>"],
    ['<b class="x" onclick="alert(1)">a</b>', "<p><b>a</b></p>"],
    ["<b>**a** `<b>`</b>", "<p><b><strong>a</strong> <code>&lt;b&gt;</code></b></p>"],
    ["the <b> tag", "<p>the &lt;b&gt; tag</p>"],
    ["a</b>", "<p>a&lt;/b&gt;</p>"],
    ["<b><i>a</b></i>", "<p><b>&lt;i&gt;a</b>&lt;/i&gt;</p>"],
    ["<b/>a</b>", "<p>&lt;b/&gt;a&lt;/b&gt;</p>"],
    ["a<br>b<br/>c<BR />d<br class=x>e", "<p>a<br>b<br>c<br>d<br>e</p>"],
    ["a\n\n<br>\n\nb", "<p>a</p><p><br></p><p>b</p>"],
    ["<sub>\na *b*\n</sub>", "<p><sub>\na <em>b</em>\n</sub></p>"],
    ["# H<sub>2</sub>O", '<h3 class="depth-1">H<sub>2</sub>O</h3>'],
    ["- H<sub>2</sub>O", "<ul><li>H<sub>2</sub>O</li></ul>"],
    ["[H<sub>2</sub>O](https://a.org)", '<p><a href="https://a.org/" target="_blank" rel="noopener noreferrer">H<sub>2</sub>O</a></p>'],
    ["<!-- a --> b", '<p class="raw">&lt;!-- a --&gt; b</p>'],
    ["a <!-- b --> c", "<p>a &lt;!-- b --&gt; c</p>"],
    ["<think>a</think> b", "<p>&lt;think&gt;a&lt;/think&gt; b</p>"],
    ["<think>\na\n</think>\n\nb", '<p class="raw">&lt;think&gt;\na\n&lt;/think&gt;</p><p>b</p>'],
    ["<summary>a</summary>", '<p class="raw">&lt;summary&gt;a&lt;/summary&gt;</p>'],
    ["<span style=color:red>a</span>", "<p>&lt;span style=color:red&gt;a&lt;/span&gt;</p>"],
  ])("shows %j", (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it.each([
    ["<details><summary>More</summary>text</details>", "<details><summary>More</summary><p>text</p></details>"],
    ["<details>\n<summary><b>M</b> *o*</summary>\n\n- a\n- b\n\n</details>\n\nc", "<details><summary><b>M</b> <em>o</em></summary><ul><li>a</li><li>b</li></ul></details><p>c</p>"],
    ["<details open class=x><summary>M</summary>\n\na\n</details>", "<details><summary>M</summary><p>a</p></details>"],
    ["<details>\n\na\n\n</details>", "<details><summary>Details</summary><p>a</p></details>"],
    [
      "<details><summary>A</summary>\n\na\n\n<details><summary>B</summary>\n\nb\n\n</details>\n\nc\n\n</details>\n\nd",
      "<details><summary>A</summary><p>a</p><details><summary>B</summary><p>b</p></details><p>c</p></details><p>d</p>",
    ],
    ["Text.\n<details><summary>A</summary>\na\n</details>\nMore.", "<p>Text.</p><details><summary>A</summary><p>a</p></details><p>More.</p>"],
    ["| a |\n|---|\n| <details><summary>A</summary>b</details> |", null],
  ])("folds %j", (text, expected) => {
    if (expected === null) expect(html(text)).toContain("<td><details><summary>A</summary>b</details></td>");
    else expect(html(text)).toBe(expected);
  });

  it("ends details at no tag in a fence", () => {
    expect(html("<details>\n\n```html\n</details>\n```\n\nb\n</details>\n\nc")).toMatch(/<\/figure><p>b<\/p><\/details><p>c<\/p>$/);
  });

  it("keeps details folded while they stream, and hides nothing of those that never end", () => {
    const text = "<details><summary>More</summary>\n\nHalf of";
    expect(html(text, true)).toBe("<details><summary>More</summary><p>Half of</p></details>");
    expect(html("<details><summary>Mo", true)).toBe("<details><summary>Mo</summary></details>");
    expect(html(text)).toBe('<details open=""><summary>More</summary><p>Half of</p></details>');
  });
});

describe("footnotes", () => {
  const shown = (text: string, streaming = false) => {
    const root = document.createElement("div");
    render(<Markdown text={text} streaming={streaming} />, root);
    const notes = [...root.querySelectorAll(".footnotes li")];
    return {
      text: [...root.querySelectorAll(".prose > p")].map(({ textContent }) => textContent),
      notes: notes.map(({ textContent }) => textContent),
      root,
    };
  };

  it("are numbered by their first reference, and linked there and back", () => {
    const { text, notes, root } = shown("B[^b], A[^a], B again[^B].\n\n[^a]: Note *a*.\n[^b]: Note b.\n");
    expect(text).toEqual(["B1, A2, B again1."]);
    expect(notes).toEqual(["Note b.↩↩2", "Note a.↩"]);
    const links = [...root.querySelectorAll<HTMLAnchorElement>(".note-ref a, .note-back a")];
    expect(links).toHaveLength(6);
    for (const { hash } of links) expect(root.querySelectorAll(`[id="${hash.slice(1)}"]`)).toHaveLength(1);
    expect(new Set([...root.querySelectorAll("[id]")].map(({ id }) => id)).size).toBe(root.querySelectorAll("[id]").length);
  });

  it("may hold several paragraphs, lists and code", () => {
    const { root } = shown("A[^1].\n\n[^1]: One\n    goes on.\n\n    Two.\n\n    - three\n\n    ```\n    four\n    ```\n\nEnd.");
    const note = root.querySelector(".footnotes li");
    expect([...(note?.children ?? [])].map(({ tagName }) => tagName)).toEqual(["P", "P", "UL", "FIGURE", "SPAN"]);
    expect(root.querySelector(".prose > p:last-of-type")?.textContent).toBe("End.");
  });

  it.each([
    ["A claim[^2].", ["A claim[^2]."], []],
    ["The class [^a-z] is one.", ["The class [^a-z] is one."], []],
    ["A.\n\n[^1]: Unused.", ["A."], ["Unused."]],
    ["A[^1].\n[^1]: At once.", ["A1."], ["At once.↩"]],
    ["A[^1].\n\n[^1]: One.\n[^1]: Twice.", ["A1."], ["One.↩", "Twice."]],
    ["A[^1].\n\n[^1]: See[^2].\n[^2]: Deep.", ["A1."], ["See2.↩", "Deep.↩"]],
    ["A[^1].\n\n[^1]: Itself[^1].", ["A1."], ["Itself1.↩↩2"]],
    ["A[^1].\n\n[^1]: https://example.org", ["A1."], ["https://example.org↩"]],
    ["`A[^1]`.\n\n[^1]: B.", ["A[^1]."], ["B."]],
    ["[^1](https://example.org)", ["^1"], []],
  ])("show %j", (source, text, notes) => {
    expect(shown(source)).toMatchObject({ text, notes });
  });

  it("stand in headings, lists, tables and quotes", () => {
    const { root, notes } = shown("# H[^1]\n\n- L[^2]\n\n> Q[^3]\n\n| T[^4] |\n|---|\n| c[^1] |\n\n[^1]: a $x$\n[^2]: b\n[^3]: c\n[^4]: d");
    expect(root.querySelectorAll(".note-ref")).toHaveLength(5);
    expect(notes).toHaveLength(4);
    expect(root.querySelectorAll(".footnotes .math")).toHaveLength(1);
  });

  it("become links as soon as the note streams in", async () => {
    const root = document.createElement("div");
    const show = (text: string) => render(<Markdown text={text} streaming />, root);
    show("A[^1].\n\nB.\n\nC.\n\nD.");
    expect(root.querySelector("p")?.textContent).toBe("A[^1].");
    show("A[^1].\n\nB.\n\nC.\n\nD.\n\n[^1]: Note");
    await vi.waitFor(() => expect(root.querySelector("p .note-ref a")?.textContent).toBe("1"));
  });
});

describe("links in running text", () => {
  const links = (text: string) => {
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    return [[...root.querySelectorAll("a")].map(({ textContent }) => textContent), root.textContent];
  };

  it.each([
    ["访问 https://example.com，然后继续。", "https://example.com"],
    ["访问https://example.com然后", "https://example.com"],
    ["（https://example.com/a）后", "https://example.com/a"],
    ["见「https://example.com/a」和", "https://example.com/a"],
    ["【https://example.com】", "https://example.com"],
    ["《https://example.com/?a=b》", "https://example.com/?a=b"],
    ["https://example.com/a。https", "https://example.com/a"],
    ["“https://example.com”", "https://example.com"],
    ["https://zh.wikipedia.org/wiki/数学。", "https://zh.wikipedia.org/wiki/数学"],
    ["(https://en.wikipedia.org/wiki/Foo_(bar))", "https://en.wikipedia.org/wiki/Foo_(bar)"],
    ["(https://example.com/a), and", "https://example.com/a"],
    ["[https://example.com/a]", "https://example.com/a"],
    ['"https://example.com/a", he', "https://example.com/a"],
    ["'https://example.com/a'", "https://example.com/a"],
    ["**https://example.com/a**", "https://example.com/a"],
    ["*https://example.com*", "https://example.com"],
    ["https://example.com/a_b_c?d=e&f=g#h.", "https://example.com/a_b_c?d=e&f=g#h"],
    ["https://example.com/a[0]=1 b", "https://example.com/a[0]=1"],
    ["http://localhost:8000/docs!", "http://localhost:8000/docs"],
    ["www.example.com，", "www.example.com"],
    ["a|https://example.com|b", "https://example.com"],
    ["联系 ann@example.org，谢谢", "ann@example.org"],
    ["Mail ann.b+c@example.co.uk.", "ann.b+c@example.co.uk"],
    ["<ann@example.org>", "ann@example.org"],
    ["<https://example.com/a>", "https://example.com/a"],
  ])("ends the one in %j", (text, link) => {
    expect(links(text)[0]).toEqual([link]);
  });

  it.each(["访问 https://example.com，然后。", "（https://a.com）《https://b.org》", "https://a.com/（b）c"])("loses nothing of %j", (text) => {
    expect(links(text)[1]).toBe(text);
  });
});

describe("formulae", () => {
  const formulae = (text: string) => {
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    return [...root.querySelectorAll(".math")].map((element) => (element.classList.contains("display") ? "display " : "") + (element.textContent ?? ""));
  };

  it.each<[string, string[]]>([
    ["# The case $x^2$", ["$x^2$"]],
    ["- a $x$\n- \\(y\\)\n\n  $$\n  z\n  $$", ["$x$", "\\(y\\)", "display $$\nz\n$$"]],
    ["> $x$", ["$x$"]],
    ["| $|x|$ | `a|b` |\n|---|---|\n| \\(|y|\\) | $P(A|B)$ |", ["$|x|$", "\\(|y|\\)", "$P(A|B)$"]],
    ["[$x$](https://example.org) **$y$** *$z$*", ["$x$", "$y$", "$z$"]],
    ["\\begin{align} a &= b \\\\ c &= d \\end{align}", ["display \\begin{align} a &= b \\\\ c &= d \\end{align}"]],
    ["So:\n\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}\nwhere", ["display \\begin{align}\na &= b \\\\\nc &= d\n\\end{align}"]],
    ["\\boxed{42}", ["display \\boxed{42}"]],
    ["The answer is \\boxed{42}.", ["\\boxed{42}"]],
    ["**Answer:** \\boxed{\\frac{1}{2}}", ["\\boxed{\\frac{1}{2}}"]],
    ["设$x$为实数，则$x^2$是", ["$x$", "$x^2$"]],
    ["CO$_2$ and H$_2$O at 90$^\\circ$", ["$_2$", "$_2$", "$^\\circ$"]],
    ["the map $101$ and $50$", ["$101$", "$50$"]],
    ["the $n$th of $k$ items", ["$n$", "$k$"]],
    ["**The $a*b$ case:** $c*d$", ["$a*b$", "$c*d$"]],
    ["$p=25.6\\$$", ["$p=25.6\\$$"]],
    ["$$x$$ and \\[y\\] here", ["display $$x$$", "display \\[y\\]"]],
    ["$`a|b`$ and `x`", ["$`a|b`$"]],
    ["```math\nx^2\n```", ["display ```math\nx^2\n```"]],
    ["~~~tex\n$x$\n~~~\n\n`$y$` and ``$z$``", []],
    ["It is $5k–$10k, or $3.5M/$4M; a 5$ bill", []],
    ["$5 and $10, $123 - $234, R$ 12, ~$1,550, **$750**, US$5, 5$–10$, $5/month or 10$/month", []],
    ["Price ($), cost ($) and $$ or $$$ places; \\$5 to 10\\$", []],
    ["| Price ($) | Cost ($) |\n|---|---|\n| $5 | 6$ |", []],
    ["echo $HOME/bin:$PATH; kill $$ and wait", []],
  ])("are found in %j", (text, expected) => {
    expect(formulae(text)).toEqual(expected);
  });

  it.each([
    ["\\[\nx_1 = *y* \\\\", "\\[\nx_1 = *y* \\\\"],
    ["$$\na_1 * b_1", "$$\na_1 * b_1"],
    ["\\begin{align}\na_1 &= b_1 \\\\", "\\begin{align}\na_1 &= b_1 \\\\"],
    ["\\begin{tabular}{ll}\na & b \\\\\n\\end{tabular}", "\\begin{tabular}{ll}\na & b \\\\\n\\end{tabular}"],
  ])("leave the source of %j unharmed where they cannot be set", (text, expected) => {
    expect(html(text)).toBe(`<p class="raw">${expected.replaceAll("&", "&amp;")}</p>`);
  });
});

it.each([
  ["so \\(a_1 * b_1 + \\frac{1}", "<p>so \\(a_1 * b_1 + \\frac{1}</p>"],
  ["so \\[x^2 *y* z", "<p>so \\[x^2 *y* z</p>"],
  ["so \\(x *y*", "<p>so (x <em>y</em></p>"],
])("keeps the source of %j, which streams", (text, expected) => {
  expect(html(text, true)).toBe(expected);
});

describe("tables", () => {
  const rows = (text: string) => {
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    return [...root.querySelectorAll("tr")].map((row) => [...row.children].map(({ textContent }) => textContent));
  };

  it("keep every cell of a ragged row", () => {
    expect(rows("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 | 4 |\n| | 2 |")).toEqual([["a", "b", "", ""], ["1", ""], ["1", "2", "3", "4"], ["", "2"]]);
  });

  it("keep bars in formulae and code", () => {
    expect(rows("| $|x|$ | `a|b` |\n|---|---|\n| `a\\|b` | c \\| d |")).toEqual([["$|x|$", "a|b"], ["a|b", "c | d"]]);
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
    const allowed = new Set("p b em strong del code h3 h4 h5 h6 ul ol li blockquote br hr a input div table thead tbody tr th td figure figcaption pre span button svg path".split(" "));
    const text = "<iframe src=x></iframe> <style>*{}</style> <svg onload=x> <a href=javascript:x>y</a>\n\n<form><input name=a>\n\n<math><mi//xlink:href='x'>\n\n| <b>a</b> |\n|-|\n| <script>x</script> |\n\n```<b>\nx\n```";
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    for (const element of root.querySelectorAll("*")) {
      expect(allowed).toContain(element.tagName.toLowerCase());
      expect(element.getAttributeNames().filter((name) => name.startsWith("on"))).toEqual([]);
    }
    expect(root.querySelectorAll("iframe, style, form, script, svg[onload]")).toHaveLength(0);
  });

  it("nests tags to a bound, and shows those beyond", () => {
    const root = document.createElement("div");
    render(<Markdown text={`${"<b>aaaa ".repeat(800)}${"</b> ".repeat(800)}`} />, root);
    expect(root.querySelectorAll("b")).toHaveLength(24);
    expect(root.textContent?.match(/<b>/g)).toHaveLength(776);
    expect(root.textContent?.match(/<\/b>/g)).toHaveLength(776);
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
    ["environments", "\\begin{align} ".repeat(5000)],
    ["boxes", "\\boxed{a ".repeat(5000)],
    ["details", "<details>a ".repeat(5000)],
    ["bold tags", "<b>aaaa ".repeat(5000)],
    ["notes", "[^a]: b [^a] ".repeat(5000)],
    ["references", "[^abcdefgh]".repeat(4000)],
    ["addresses", "https://a.b(".repeat(3000)],
    ["bars", `|${"a|".repeat(5000)}\n|${"-|".repeat(10)}\n|${"$a|`b|".repeat(2000)}`],
    ["Chinese stars", "**重要：**".repeat(3000)],
    ["ticks", Array.from({ length: 500 }, (_, length) => `${"`".repeat(length)}a`).join("")],
    ["one line", "a".repeat(490_000)],
    ["more than is taken apart", "a b\n\n".repeat(201_000)],
  ];
  it.each(hostile)("shows %s without losing a character", (_, text) => {
    const root = document.createElement("div");
    render(<Markdown text={text} />, root);
    const squeeze = (shown: string) => shown.replace(/\s/g, "");
    expect(squeeze(root.textContent ?? "")).toBe(squeeze(text));
  });
});
