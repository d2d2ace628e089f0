import type { Tokens } from "marked";
import { expect, it } from "vitest";
import { lex } from "../../src/markdown/lexer";
import { tableCsv } from "../../src/markdown/tableText";

const csv = (...rows: string[]) => tableCsv(lex(["| a | b |", "|---|---|", ...rows].join("\n"))[0] as Tokens.Table);

it.each([
  ["| 1 | 2 |", "1,2"],
  ["| **bold** and `code` | [link](https://x.org) |", "bold and code,link"],
  ['| 5, 6 | say "hi" |', '"5, 6","say ""hi"""'],
  ["| one<br>two | x<sub>2</sub> |", "one two,x2"],
  ["| $E = mc^2$ | a &amp; b |", "$E = mc^2$,a & b"],
  ["| 中文 | 😀 |", "中文,😀"],
  ["| -5.2 | +3 % |", "-5.2,+3 %"],
  ["| =1+1 | @x |", "'=1+1,'@x"],
  ['| =HYPERLINK("http://x") | -2+cmd |', `"'=HYPERLINK(""http://x"")",'-2+cmd`],
  ["| 1 |", "1,"],
])("copies %j as %j", (row, line) => {
  expect(csv(row)).toBe(`a,b\r\n${line}`);
});
