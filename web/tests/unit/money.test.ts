/** Dollars in sentences: which are formulae, and which are money, variables or text. */

import type { Token } from "marked";
import { describe, expect, it } from "vitest";
import { lex } from "../../src/markdown/lexer";

function formulae(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token) => {
    if (token.type === "math") return [token.raw.trim()];
    const { tokens: inside = [], items = [], header = [], rows = [] } = token as { tokens?: Token[]; items?: Token[]; header?: Token[] | boolean; rows?: Token[][] };
    return formulae([...inside, ...items, ...(Array.isArray(header) ? header : []), ...rows.flat()]);
  });
}

const TEXT = [
  "It costs $5.", "from $5 to $10", "$5-$10", "$5–10", "between $1.5M and $2M", "$1,000 to $2,000 (or $3k)",
  "US$5 vs. A$6 and C$7", "5 USD, $5 USD", "€5, £6, ¥7, $8", "$100/month → $1,200/year", "($5) and ($6)", "\"$5\" and \"$6\"",
  "$5; $6; $7.", "$5/$6/$7", "$5 & $6", "~$5 and ~$6", "-$5 and +$6", "$5+ and $6+", "$5% no", "cost: $5\ncost: $6",
  "cost $5 — $6 — $7", "*$5* and *$6*", "**$5** to **$6**", "`$5` and $6", "| $5 | $6 |\n|---|---|\n| $7 | $8 |", "- $5\n- $6",
  "[a $5 item](https://a.org) costs $6", "$5 million and $6 billion", "$5m/$6m", "a $5 bill, a $10 bill", "10$ or 20$",
  "10$, 20$, 30$", "10$-20$", "5$/h und 10$/h", "R$ 10 e R$ 20", "R$10 e R$20", "$ 10 and $ 20", "10 $ et 20 $", "$0.50-$0.75",
  "$5.00, $10.00, and $15.00", "(US$5)", "$5,000 × 12 = $60,000", "$5 × 3 = $15", "$20 - $5 = $15", "$5 + $10 = $15",
  "If price = $5 and tax = 10%, total = $5.50", "$5*3 = $15", "${HOME} and ${PATH}", "$(cmd) and $(cmd2)", "$1 and $2 in sed",
  "awk '{print $1, $2}'", "$foo = $bar;", "jQuery $('#a') and $('.b')", "$x$5", "earn $$ and spend $$", "$ · $$ · $$$",
  "$$ – $$$", "make $$$ fast", "Price ($), Cost ($)", "Price in $, cost in $.", "in $ and in €, or $", "one $ sign, two $ signs",
  "$TSLA and $AAPL rose", "$TSLA, $AAPL", "the $PATH variable and $HOME", "C:\\$Recycle and D:\\$x", "$5k/yr, then 10k$",
  "S$5, HK$6, NT$7", "$3 off, $4 off", "about $4, which is 5$ less", "paid 5$ (about 4€) and 6$", "$10 per 100 units; 5$ extra",
  "$5 (five dollars) or 10$ (ten)", "Preis: 5$ bis 10$", "costs $5, or 6$ with tax", "tips of $1, $2, or 5$", "$5元和10$",
  "这个$5，那个$6", "花了$5和$10", "$20M–$30M; $40M", "$1B+ valuation at $10/share", "from $99.99/mo. to 199$", "it's $5,then 6$",
  "$5...$10", "$5 _and_ 6$", "$.ajax and $.get", "s/$a/$b/", "\\$5 and \\$6", "\\$5 and 6$", "$12/hour x 40 hours = $480",
  "$5(ish) to 10$", "$5? or 10$?", "$5! and 10$!", "$2 for 3$",
]; // prettier-ignore

const FORMULAE: readonly (readonly [string, ...string[]])[] = [
  ["$x$ and $y$", "$x$", "$y$"], ["$a, b$ and $c$", "$a, b$", "$c$"], ["$f: A \\to B$", "$f: A \\to B$"], ["$2n+1$", "$2n+1$"],
  ["$2 \\times 3$", "$2 \\times 3$"], ["$5 \\text{ apples}$", "$5 \\text{ apples}$"], ["$10\\%$", "$10\\%$"],
  ["$0 \\le x \\le 1$", "$0 \\le x \\le 1$"], ["$0 < x < 1$", "$0 < x < 1$"], ["$(x, y)$", "$(x, y)$"],
  ["$\\{1, 2\\}$", "$\\{1, 2\\}$"], ["($x$)", "$x$"], ["**$x$**", "$x$"], ["$x$, $y$; $z$.", "$x$", "$y$", "$z$"],
  ["$x$-axis", "$x$"], ["$x$'s", "$x$"], ["\"$x$\"", "$x$"], ["$100$ and $200$", "$100$", "$200$"], ["$3.14$", "$3.14$"],
  ["$1/2$", "$1/2$"], ["$1:2$", "$1:2$"], ["$3 + 4 = 7$", "$3 + 4 = 7$"], ["$7 - 3$", "$7 - 3$"],
  ["$12 \\div 4 = 3$", "$12 \\div 4 = 3$"], ["$a$/$b$", "$a$", "$b$"], ["$x$:$y$", "$x$", "$y$"],
  ["$p$-value and $k$-means", "$p$", "$k$"], ["设 $x$ 为", "$x$"], ["函数$f(x)$在$x=0$处", "$f(x)$", "$x=0$"], ["「$x$」", "$x$"],
  ["$O(n \\log n)$", "$O(n \\log n)$"], ["$n!$", "$n!$"], ["$|x|$", "$|x|$"], ["$A \\cap B$", "$A \\cap B$"],
  ["$x\ny$", "$x\ny$"], ["$1, 2, \\dots, n$", "$1, 2, \\dots, n$"], ["$5! = 120$", "$5! = 120$"],
  ["$2, 3, 5, 7$", "$2, 3, 5, 7$"], ["$[0, 1)$ and $(0, 1]$", "$[0, 1)$", "$(0, 1]$"],
  ["the set $S$ of $n$ points", "$S$", "$n$"], ["$\\$5$", "$\\$5$"], ["$5x$ and $3y$", "$5x$", "$3y$"], ["$10^6$", "$10^6$"],
  ["$24 = 2^3 \\cdot 3$", "$24 = 2^3 \\cdot 3$"], ["Let $n$ be $5$.", "$n$", "$5$"], ["is $-5$ or $+5$", "$-5$", "$+5$"],
  ["$5$, $10$, and $15$", "$5$", "$10$", "$15$"], ["$5$-cycle", "$5$"], ["$1$st and $n$-th", "$1$", "$n$"],
  ["$3 \\text{ and } 4$", "$3 \\text{ and } 4$"], ["$(n+1)$th", "$(n+1)$"], ["$x \\in \\mathbb{R}$,", "$x \\in \\mathbb{R}$"],
  ["$m/s$ and $kg$", "$m/s$", "$kg$"], ["$5 m/s$", "$5 m/s$"], ["$3 km$", "$3 km$"], ["$5 cm^2$", "$5 cm^2$"],
  ["$3 km/h = 5$", "$3 km/h = 5$"], ["$2 xy^2$", "$2 xy^2$"], ["$2 ab = c$", "$2 ab = c$"], ["$5 and y = 200$"],
  ["$AB = 5 cm$", "$AB = 5 cm$"], ["$x = 5$ or $x = -5$", "$x = 5$", "$x = -5$"], ["$a \\mid b$", "$a \\mid b$"],
  ["$$x$$", "$$x$$"], ["$$\nx\n$$", "$$\nx\n$$"], ["text $$x$$ text", "$$x$$"],
  ["$$ x = 1 $$ and $y$", "$$ x = 1 $$", "$y$"], ["\\(x\\) and \\[y\\]", "\\(x\\)", "\\[y\\]"],
  ["Speed: $v = 5 m/s$ costs $5", "$v = 5 m/s$"], ["It costs $5 and $x = 3$ holds", "$x = 3$"], ["$x$ costs $5", "$x$"],
  ["costs $5, with $n$ items", "$n$"], ["$\\alpha$-helix 5$\\mu$m", "$\\alpha$", "$\\mu$"],
  ["1$^{st}$, $10^{-3}$, m$^2$, 10$^{5}$", "$^{st}$", "$10^{-3}$", "$^2$", "$^{5}$"],
  ["$speed = distance / time$", "$speed = distance / time$"], ["$\\text{CO}_2$", "$\\text{CO}_2$"],
]; // prettier-ignore

describe("dollars", () => {
  it.each(TEXT)("are text in %j", (text) => {
    expect(formulae(lex(text))).toEqual([]);
  });

  it.each(FORMULAE.map(([text, ...found]) => [text, found] as const))("are formulae in %j", (text, found) => {
    expect(formulae(lex(text))).toEqual(found);
  });
});
