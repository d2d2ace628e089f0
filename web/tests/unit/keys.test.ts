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
