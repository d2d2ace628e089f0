import { describe, expect, it } from "vitest";
import { tableRows } from "../../src/components/files/PassageText";
import { isWithin, placeWords } from "../../src/components/files/places";
import { findQuote } from "../../src/components/files/quotes";

describe("places in files", () => {
  it("have words", () => {
    const words = [{ page: 3 }, { page: 3, end: 5 }, { slide: 2 }, { line: 7, end: 7 }, { sheet: "S", cells: "A1:B2" }, { chapter: "II" }, { cell: 4 }, { other: 1 }].map(placeWords);
    expect(words).toEqual(["Page 3", "Page 3–5", "Slide 2", "Line 7", "Sheet S, A1:B2", "II", "Cell 4", ""]);
  });

  it("hold passages", () => {
    expect(isWithin({ page: 3 }, { page: 3 })).toBe(true);
    expect(isWithin({ page: 4 }, { page: 3, end: 5 })).toBe(true);
    expect(isWithin({ page: 6 }, { page: 3, end: 5 })).toBe(false);
    expect(isWithin({ line: 40, end: 60 }, { line: 40, end: 60 })).toBe(true);
    expect(isWithin({ sheet: "S", cells: "A1:B2" }, { sheet: "S", cells: "A1:B2" })).toBe(true);
    expect(isWithin({ sheet: "T", cells: "A1:B2" }, { sheet: "S", cells: "A1:B2" })).toBe(false);
    expect(isWithin({ chapter: "II" }, { chapter: "II" })).toBe(true);
    expect(isWithin({ chapter: "I" }, { page: 1 })).toBe(false);
  });
});

describe("a quote", () => {
  const found = (text: string, quote: string) => {
    const span = findQuote(text, quote);
    return span && text.slice(span.start, span.end);
  };

  it("is found up to case, spaces and punctuation", () => {
    expect(found("He said: “The launch —\n is delayed.” Yes.", "the launch is delayed")).toBe("The launch —\n is delayed");
    expect(found("会议改到 下午三点。", "改到下午三点")).toBe("改到 下午三点");
    expect(found("one two three four", "one … four")).toBe("one two three four");
    expect(found("ﬁnal İstanbul end", "end")).toBe("end");
  });

  it("is not found where it is not", () => {
    expect(findQuote("one two", "two one")).toBeNull();
    expect(findQuote("one two", " … ")).toBeNull();
  });
});

describe("a passage", () => {
  it("that is a table has rows", () => {
    expect(tableRows("| a | b |\n| --- | --- |\n| 1\\|2 | |\n")).toEqual([
      ["a", "b"],
      ["1|2", ""],
    ]);
    expect(tableRows("Sheet S\n\n|  | A |\n| --- | --- |\n| 1 | x |\n\n")).toEqual([
      ["", "A"],
      ["1", "x"],
    ]);
  });

  it("that is text has none", () => {
    expect(tableRows("text | with a bar\n")).toBeNull();
    expect(tableRows("| a |\n| b |\n")).toBeNull();
  });
});
