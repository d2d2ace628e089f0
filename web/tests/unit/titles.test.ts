import { describe, expect, it } from "vitest";
import { titleFrom, titleOf } from "../../src/state/titles";

describe("titleOf", () => {
  it.each([
    ["Hello", "Hello"],
    ["  First line\nsecond", "First line"],
    ["   \n ", "New chat"],
    ["\u200b\u202e\n", "New chat"],
    ["word ".repeat(30), "word word word word word word word word word word word word…"],
    ["x".repeat(80), `${"x".repeat(60)}…`],
    ["```python\nprint(1)\n```\nWhat does this print?", "What does this print?"],
    ["```python\n\ndef f(x):\n    return x\n```", "def f(x):"],
    ["```python\ndef f(x):", "def f(x):"],
    ["~~~\n```\n~~~\nWhy?", "Why?"],
    ["# Heading question", "Heading question"],
    ["### Heading ###", "Heading"],
    ["---\nWhat is this?", "What is this?"],
    ["> quoted\n\nWhy?", "quoted"],
    ["- item one\n- item two", "item one"],
    ["1. First", "First"],
    ["#hashtag stays", "#hashtag stays"],
    ["2024. A year", "2024. A year"],
    ["What is [this page](https://example.org/a_(b))?", "What is this page?"],
    ["![a cat](https://example.org/x.png)", "a cat"],
    ["https://example.org/a?b=c", "https://example.org/a?b=c"],
    ["<https://example.org>", "https://example.org"],
    ["Why **is** *this* `code` ~~not~~ bold?", "Why is this code not bold?"],
    ["2 * 3 * 4 = ?", "2 * 3 * 4 = ?"],
    ["snake_case_name, __init__.py and __bold__", "snake_case_name, __init__.py and bold"],
    ["[".repeat(1_000_000), `${"[".repeat(60)}…`],
    ["Solve $x^2 = 4$ for \\(x\\)", "Solve x^2 = 4 for x"],
    ["$$\\frac{1}{2}$$", "\\frac{1}{2}"],
    ["Is $5 or $10 more?", "Is $5 or $10 more?"],
    ["H<sub>2</sub>O?", "H2O?"],
    ["Is a < b or a > c?", "Is a < b or a > c?"],
    ["什么是“重要”的事？", "什么是“重要”的事？"],
    ["👩‍👩‍👧‍👦".repeat(70), `${"👩‍👩‍👧‍👦".repeat(60)}…`],
    ["🎉", "🎉"],
    ["…", "…"],
  ])("makes %j %j", (text, title) => {
    expect(titleOf(text)).toBe(title);
  });
});

describe("titleFrom", () => {
  it.each([
    ["Tides and Moons", "Tides and Moons"],
    [' Title: "Tides and Moons." ', "Tides and Moons"],
    ["**Tides**", "Tides"],
    ["标题：《潮汐》", "潮汐"],
    ["# Tides", "Tides"],
  ])("takes %j", (answer, title) => {
    expect(titleFrom(answer)).toBe(title);
  });

  it.each(["", "…", "123", "One line\nand another", "word ".repeat(20)])("refuses %j", (answer) => {
    expect(titleFrom(answer)).toBeNull();
  });
});
