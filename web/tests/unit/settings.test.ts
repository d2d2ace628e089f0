import { expect, it } from "vitest";
import { Navigation } from "../../src/state/navigation";
import { defaultSettings, parseSettings, SETTINGS_KEY, SettingsStore } from "../../src/state/settings";
import { MemoryStorage } from "../../src/state/memory";

it("keeps settings and tells the other tabs", () => {
  const shared = new MemoryStorage();
  const [a, b] = [new SettingsStore(shared), new SettingsStore(shared)];
  a.change({ theme: "dark", temperature: 0.3 });
  b.onStorage(SETTINGS_KEY);
  expect(b.current.value).toEqual({ ...defaultSettings, theme: "dark", temperature: 0.3 });
});

it.each([null, "", "{", "3", "[]", '{"theme":"pink","thinking":"much","temperature":9,"maxTokens":-1,"sidebar":"x"}'])(
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

it.each([
  [true, "high"],
  [false, "off"],
  ["low", "low"],
])("reads how long to think from %j, as pages of before wrote it too", (thinking, mode) => {
  expect(parseSettings(JSON.stringify({ thinking })).thinking).toBe(mode);
});
