/** Formulae for every construct of KaTeX that sets styles: https://katex.org/docs/supported */

const ACCENTS = "vec hat widehat check widecheck tilde widetilde bar overline underline dot ddot acute grave breve mathring underbar".split(" ");
const STRETCHY = (
  "overrightarrow overleftarrow overleftrightarrow Overrightarrow overleftharpoon overrightharpoon overgroup overlinesegment overbrace " +
  "underrightarrow underleftarrow underleftrightarrow undergroup underlinesegment underbrace utilde"
).split(" ");
const ARROWS = (
  "xrightarrow xleftarrow xleftrightarrow xRightarrow xLeftarrow xLeftrightarrow xmapsto xhookrightarrow xhookleftarrow xrightharpoonup " +
  "xrightharpoondown xleftharpoonup xleftharpoondown xrightleftharpoons xleftrightharpoons xtwoheadrightarrow xtwoheadleftarrow xlongequal xtofrom"
).split(" ");
const DELIMITERS = [
  ["(", ")"], ["[", "]"], ["\\{", "\\}"], ["|", "|"], ["\\|", "\\|"], ["\\langle", "\\rangle"], ["\\lfloor", "\\rfloor"], ["\\lceil", "\\rceil"],
  ["\\lgroup", "\\rgroup"], ["\\lmoustache", "\\rmoustache"], ["/", "\\backslash"], ["\\uparrow", "\\downarrow"],
  ["\\Uparrow", "\\Downarrow"], ["\\updownarrow", "\\Updownarrow"], ["\\lvert", "\\rVert"],
]; // prettier-ignore
const column = (rows) => `\\begin{matrix}${Array(rows).fill("x").join("\\\\")}\\end{matrix}`;

export const FORMULAE = [
  "\\vec{A} = \\vec{b}",
  ...ACCENTS.map((name) => `\\${name}{x} + \\${name}{xyz}`),
  ...STRETCHY.map((name) => `\\${name}{AB + CD}^{n}`),
  ...ARROWS.map((name) => `A \\${name}[below]{above it} B`),
  ...DELIMITERS.flatMap(([left, right]) => [2, 5, 9].map((rows) => `\\left${left} ${column(rows)} \\middle| y \\right${right}`)),
  ...["big", "Big", "bigg", "Bigg"].map((size) => `\\${size}( x \\${size}| y \\${size}\\}`),
  ...["\\int", "\\iint", "\\iiint", "\\oint", "\\oiint", "\\oiiint", "\\sum", "\\prod", "\\bigcup"].map((name) => `${name}_a^b x + \\textstyle ${name}_a^b`),
  "\\sqrt{x} + \\sqrt[3]{\\frac{a}{b}} + \\sqrt{\\dfrac{\\dfrac{a}{b}}{\\dfrac{c}{d}}}",
  `\\sqrt{${column(4)}} + \\sqrt{${column(9)}}`,
  "\\frac{a}{b} + \\dfrac{a}{b} + \\binom{n}{k} + \\cfrac{1}{1 + \\cfrac{1}{x}} + {a \\above{2pt} b} + \\genfrac(]{1pt}{0}{a}{b}",
  "\\cancel{x} + \\bcancel{xyz} + \\xcancel{abc} + \\sout{text}",
  "\\boxed{x^2} + \\fbox{text} + \\colorbox{yellow}{$x$} + \\fcolorbox{red}{aqua}{$x$}",
  "\\color{red} x + \\textcolor{#0a0}{y}",
  "\\phase{-78^\\circ} + \\angl{n}",
  "\\rule{1em}{2em} + \\rule[0.5em]{2em}{1pt} + x\\hspace{2em}y + \\kern1em z",
  "\\raisebox{0.5em}{up} + \\smash{x^2} + \\phantom{xyz} + \\hphantom{ab} + \\vphantom{\\int} + \\vcenter{\\frac{a}{b}}",
  "\\mathllap{xx}y + \\mathrlap{/}{=} + \\mathclap{abc} + \\llap{a}b",
  "\\pmb{x} + \\pmb{\\int} + \\boldsymbol{\\mu} + \\underset{n}{x} + \\overset{!}{=} + \\stackrel{d}{=}",
  "\\Huge A \\huge B \\LARGE C \\Large D \\large E \\normalsize F \\small G \\tiny H",
  "\\begin{array}{|c:c||c|} \\hline a & b & c \\\\ \\hdashline d & e & f \\\\[2em] \\hline\\hline \\end{array}",
  "\\begin{cases} x & x > 0 \\\\ -x & \\text{else} \\end{cases} \\begin{rcases} a \\\\ b \\end{rcases}",
  "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix} \\begin{bmatrix} a \\\\ b \\end{bmatrix} \\begin{Bmatrix} a \\\\ b \\end{Bmatrix} \\begin{vmatrix} a \\end{vmatrix} \\begin{Vmatrix} a \\\\ b \\\\ c \\end{Vmatrix}",
  "\\begin{aligned} a &= b \\\\ c &= d \\end{aligned} \\begin{gathered} a \\\\ b \\end{gathered} \\begin{smallmatrix} a & b \\\\ c & d \\end{smallmatrix}",
  "\\begin{CD} A @>a>> B \\\\ @VbVV @AAcA \\\\ C @= D @<<< E \\end{CD}",
  "\\begin{align} a &= b \\\\ c &= d \\tag{7} \\end{align}",
  "x = 1 \\tag{*}",
  "\\sum_{\\substack{0 < i < m \\\\ 0 < j < n}} \\lim_{x \\to 0} \\operatorname*{arg\\,max}_x \\underbrace{a + b}_{\\text{sum}} \\overbrace{c}^{d}",
  "a' + b'' + {}_a^b X_c^d + \\not= + \\overline{\\overline{A}} + \\mathring{A} + \\text{\\'e\\\"o\\^a\\~n\\c{c}} + \\textcircled{R}",
  "f\\colon A \\to B \\quad x \\mapsto \\verb|y_1| \\; \\KaTeX \\; \\LaTeX",
]; // prettier-ignore
