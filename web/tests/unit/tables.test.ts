import { describe, expect, it } from "vitest";
import { rowCells, splitRow } from "../../src/markdown/tables";

describe("rowCells", () => {
  it.each<[string, number, string[]]>([
    ["| a | b |", 2, ["a", "b"]],
    ["a | b", 2, ["a", "b"]],
    ["| $|x|$ | `a|b` |", 2, ["$|x|$", "`a|b`"]],
    ["| `` a|`|b `` | c |", 2, ["`` a|`|b ``", "c"]],
    ["| \\(|x|\\) | \\|x\\| |", 2, ["\\(|x|\\)", "\\|x\\|"]],
    ["| `a\\|b` | c |", 2, ["`a|b`", "c"]],
    ["| $\\|x\\|$ | $P(A|B)$ |", 2, ["$\\|x\\|$", "$P(A|B)$"]],
    ["| $5 | 6$ |", 2, ["$5", "6$"]],
    ["| $5 | $6 |", 2, ["$5", "$6"]],
    ["| `open | b |", 2, ["`open", "b"]],
    ["|  | b |", 2, ["", "b"]],
    ["| a |", 3, ["a"]],
    ["| a | b | c | d |", 2, ["a", "b", "c", "d"]],
  ])("divides %j for %d columns", (row, columns, cells) => {
    expect(rowCells(row, columns)).toEqual(cells);
  });

  it("loses no character, whatever the row", () => {
    const parts = ["$|x|$", "`a|b`", "\\|", "|", "$5", " text ", "``|``", "\\(|\\)", "`", "$", "\\"];
    for (let seed = 1; seed < 400; seed += 1) {
      const row = Array.from({ length: 9 }, (_, index) => parts[(seed * (index + 3) * 7 + index * index * seed) % parts.length]).join("");
      const squeeze = (text: string) => text.replace(/[\s|\\]/g, "");
      expect(squeeze(splitRow(row, true).join("")), row).toBe(squeeze(row));
    }
  });
});
