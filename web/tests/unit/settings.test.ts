import { expect, it } from "vitest";
import { Navigation } from "../../src/state/navigation";
import { defaultSettings, parseSettings } from "../../src/state/settings";
import { openTab, SharedStorage, TestServer } from "./world";

it("keeps settings and tells the other tabs", () => {
  const shared = new SharedStorage();
  const a = openTab(new TestServer(), shared, "a");
  const b = openTab(new TestServer(), shared, "b");
  a.settings.change({ theme: "dark", temperature: 0.3 });
  expect(b.settings.current.value).toEqual({ ...defaultSettings, theme: "dark", temperature: 0.3 });
});

it.each([null, "", "{", "3", "[]", '{"theme":"pink","thinking":1,"temperature":9,"maxTokens":-1,"systemPrompt":5,"sidebar":"x"}'])(
  "takes the defaults for %j",
  (text) => {
    expect(parseSettings(text)).toEqual(defaultSettings);
  },
);

it.each([
  ["#/c/abc-1", "abc-1"],
  ["#/c/%E0%A4%A", null],
  ["#/c/", null],
  ["#/c/a/b", null],
  ["", null],
])("opens %j", (hash, open) => {
  const navigation = new Navigation({ location: { hash } as Location });
  expect(navigation.open.value).toBe(open);
});
