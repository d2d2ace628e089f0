import { expect, it } from "vitest";
import { languageOf, sentencesOf } from "../../src/markdown/spoken";

it("reads sentences, without what is not for the ear", () => {
  const text = `# A title\n\nIt is **bold**. See [here](https://x.org) and https://y.org; run \`make\`, not \`rm -rf "$x"\`.\n\n\`\`\`python\nprint(1)\n\`\`\`\n\n- one item\n- another & more\n\n$$x^2$$\n\nSo $x = 1$ holds[^1].\n\n| a | b |\n|---|---|\n| 1 | two |\n\n[^1]: A note.`;
  expect(sentencesOf(text, "en")).toEqual([
    "A title", "It is bold.", "See here and ; run make, not .", "one item", "another & more", "So holds .", "1, two",
  ]); // prettier-ignore
});

it("parts Chinese by its stops", () => {
  expect(sentencesOf("今天很好。明天呢？好！", "zh")).toEqual(["今天很好。", "明天呢？", "好！"]);
});

it.each([
  ["Hello there", "en"],
  ["你好，世界", "zh"],
  ["これは漢字です", "ja"],
  ["Привет", "ru"],
  ["The word 你好 means hello in the language of China", "en"],
  ["", "en"],
])("takes %j for %s", (text, language) => {
  expect(languageOf(text, "en")).toBe(language);
});
