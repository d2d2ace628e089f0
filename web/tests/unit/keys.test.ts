import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isComposing } from "../../src/components/keys";

const key = (change: Partial<KeyboardEvent>) => ({ key: "Enter", isComposing: false, keyCode: 13, ...change }) as KeyboardEvent;

it.each([
  [{}, false],
  [{ isComposing: true }, true],
  [{ keyCode: 229 }, true], // Safari: the composition has ended before the key is reported
])("tells whether %j belongs to an input method", (change, expected) => {
  expect(isComposing(key(change))).toBe(expected);
});

it("is asked in one place: no handler has to think of it", () => {
  const source = join(import.meta.dirname, "../../src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  expect(files.filter((name) => /\bisComposing\b|\b229\b/.test(readFileSync(join(source, name), "utf8")))).toEqual(["components/keys.ts"]);
});
