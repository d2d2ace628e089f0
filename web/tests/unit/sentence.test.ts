import { expect, it } from "vitest";
import { thoughtFor } from "../../src/components/parts/ThinkingPane";
import { toSentence } from "../../src/components/Sentence";

it.each([
  ["no such file: x", "No such file: x."],
  ["Why?", "Why?"],
  ["", ""],
])("makes a sentence of %j", (text, sentence) => {
  expect(toSentence(text)).toBe(sentence);
});

it.each([
  [null, "Thought"],
  [0, "Thought for 1s"],
  [12_400, "Thought for 12s"],
  [59_600, "Thought for 1m 0s"],
  [125_000, "Thought for 2m 5s"],
])("says how long %j ms of thinking were", (ms, text) => {
  expect(thoughtFor(ms)).toBe(text);
});
