import { afterEach, expect, it } from "vitest";
import { formatBytes, formatDuration, formatNumber, formatPercent, formatRate, language, nodes, preferredLanguage, speak, t } from "../../../src/i18n";

afterEach(() => speak("en", []));

it("says a text with its numbers and plurals", () => {
  expect(t("chat.send")).toBe("Send");
  expect(t("chat.tokens", { count: 1 })).toBe("1 token");
  expect(t("chat.tokens", { count: 1234 })).toBe("1,234 tokens");
  expect(t("chat.tokens", { count: 0 })).toBe("0 tokens");
});

it("keeps what a value holds, whatever it looks like", () => {
  expect(t("chat.deletedNotice", { title: "{title} $& {count}" })).toBe("Deleted “{title} $& {count}”");
});

it("puts elements in the place of placeholders", () => {
  const enter = { type: "kbd" };
  const shiftEnter = { type: "kbd" };
  expect(nodes("chat.keys", { enter, shiftEnter })).toEqual(["", enter, " sends, ", shiftEnter, " breaks the line"]);
});

it("speaks Chinese once it is loaded, and English again", async () => {
  await speak("zh", []);
  expect(language.value.tag).toBe("zh-Hans");
  expect(t("chat.tokens", { count: 1234 })).toBe("1,234 个 token");
  await speak("system", ["en-GB"]);
  expect(t("chat.send")).toBe("Send");
});

it("falls back to English by key", async () => {
  await speak("de", []);
  expect(t("chat.send")).toBe("Senden");
  expect(t("errors.busy")).toBe("The server is busy. Wait a moment, then retry.");
  expect(t("chat.tokens", { count: 1234.5 })).toBe("1.234,5 Token");
});

it("shows the language chosen last, whichever comes first", async () => {
  await Promise.all([speak("zh", []), speak("en", [])]);
  expect(language.value.tag).toBe("en");
});

it.each([
  [["zh-TW", "en"], "zh"],
  [["pt-BR", "fr-CA", "en"], "fr"],
  [["DE"], "de"],
  [["constructor", "tr"], "en"],
  [[], "en"],
])("takes from the browser's %j the language %s", (wanted, code) => {
  expect(preferredLanguage(wanted)).toBe(code);
});

it("writes numbers as the language does", async () => {
  expect([formatNumber(12345.678), formatPercent(0.425), formatRate(3.14159), formatRate(31.4159), formatBytes(1_540_000), formatBytes(0)]).toEqual([
    "12,345.678", "43%", "3.1", "31", "1.5 MB", "0 byte",
  ]); // prettier-ignore
  expect([formatDuration(9), formatDuration(75), formatDuration(7260)]).toEqual(["9s", "1m 15s", "2h 1m"]);
  await speak("de", []);
  expect([formatPercent(0.42), formatRate(3.14), formatBytes(1_540_000)]).toEqual(["42\u00a0%", "3,1", "1,5 MB"]);
});

it("makes pseudo-locales of the English texts: longer, and mirrored", async () => {
  await speak("ar-XB", []);
  expect(language.value.direction).toBe("rtl");
  expect(t("chat.tokens", { count: 2 })).toBe("[2 tökéñs · · ·]".replace("2", formatNumber(2)));
});
