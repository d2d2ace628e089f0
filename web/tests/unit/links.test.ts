import { expect, it } from "vitest";
import { decodeEntities } from "../../src/markdown/entities";
import { safeHref } from "../../src/markdown/links";

it.each([
  ["https://example.org/a?b=c#d", "https://example.org/a?b=c#d"],
  ["http://example.org", "http://example.org/"],
  ["mailto:ann@example.org", "mailto:ann@example.org"],
  ["https://example.org/?a=1&amp;b=2", "https://example.org/?a=1&b=2"],
])("allows %j", (href, expected) => {
  expect(safeHref(href)).toBe(expected);
});

it.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "java\nscript:alert(1)",
  "java\tscript:alert(1)",
  "\u0001javascript:alert(1)",
  "javascript&colon;alert(1)",
  "java&#115;cript:alert(1)",
  "&#x6A;avascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "blob:https://example.org/1",
  "ftp://example.org",
  "//example.org",
  "/admin",
  "#top",
  "",
  "https://",
])("refuses %j", (href) => {
  expect(safeHref(href)).toBeNull();
});

it("decodes references once, and leaves what it does not know", () => {
  expect(decodeEntities("&lt;b&gt; &amp;lt; &#65;&#x42; &mdash; &nope; &constructor; & &#0; &#xD800; &#99999999;")).toBe(
    "<b> &lt; AB — &nope; &constructor; & \ufffd \ufffd &#99999999;",
  );
});
