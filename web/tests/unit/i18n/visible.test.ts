/** No text that a reader sees or hears is written into a component: it comes from the catalogs. */

import { expect, it } from "vitest";
import { lineOf, sources, walk, type Node, type Source } from "./sources";

const HEARD = new Set(["alt", "aria-description", "aria-label", "aria-placeholder", "aria-roledescription", "aria-valuetext", "label", "placeholder", "title"]);
const SAID = new Set(["label", "message", "placeholder", "remedy", "text", "title"]); // of objects
const ERRORS = new Set(["ApiError", "ConnectionLost"]);

/** Names and signs that are the same in every language. */
const NAMES = /^(?:https?:\/\/\S+|DeepSeek|Fathom|JSON|Markdown|CSV|HTML|PDF|Enter|Shift Enter|fathom chat|Esc)$/;

function isWords(text: string): boolean {
  return /\p{L}{2}/u.test(text) && !NAMES.test(text.trim()) && !/^[a-z]+(?:\.\w+)+$/.test(text); // the last is a key
}

/** What a value says, where it is written out: both sides of a choice, the fixed pieces of a template. */
function written(node: Node | null): string[] {
  if (!node) return [];
  if (node.type === "Literal") return typeof node["value"] === "string" ? [node["value"]] : [];
  if (node.type === "TemplateLiteral") return (node["quasis"] as Node[]).map((quasi) => (quasi["value"] as { cooked: string }).cooked);
  if (node.type === "ConditionalExpression") return [...written(node["consequent"] as Node), ...written(node["alternate"] as Node)];
  if (node.type === "LogicalExpression") return [...written(node["left"] as Node), ...written(node["right"] as Node)];
  return node.type === "JSXExpressionContainer" ? written(node["expression"] as Node) : [];
}

function spoken(node: Node, above: readonly Node[], file: string): string[] {
  const parent = above.at(-1)?.type;
  if (node.type === "JSXText") return [node["value"] as string];
  if (node.type === "JSXExpressionContainer" && (parent === "JSXElement" || parent === "JSXFragment")) return written(node);
  if (node.type === "JSXAttribute" && HEARD.has((node["name"] as { name: string }).name)) return written(node["value"] as Node | null);
  if (node.type === "NewExpression" && ERRORS.has((node["callee"] as { name?: string }).name ?? "")) {
    return (node["arguments"] as Node[]).flatMap(written);
  }
  const name = (node["key"] as { name?: string } | undefined)?.name ?? "";
  if (node.type === "Property" && SAID.has(name) && !file.startsWith("markdown/")) return written(node["value"] as Node);
  return [];
}

function findings(source: Source): string[] {
  const found: string[] = [];
  for (const [node, above] of walk(source)) {
    for (const text of spoken(node, above, source.file)) {
      if (isWords(text)) found.push(`${source.file}:${lineOf(source.text, node.start)}: ${JSON.stringify(text.trim())}`);
    }
  }
  return found;
}

it("finds text outside of t()", () => {
  const text = `const a = <p title="A word">Some text {b ? "More" : \`\${n} other\`} {t("x")} <i aria-label={c ? "Yes" : t("y")} /></p>;
    show({ text: "Gone", label: t("z") }); throw new ApiError("no such", 500, "Try again");`;
  const said = findings({ file: "components/Test.tsx", text }).map((finding) => finding.replace(/^.*: /, ""));
  expect(said).toEqual(['"A word"', '"Some text"', '"More"', '"other"', '"Yes"', '"Gone"', '"no such"', '"Try again"']);
});

it("has every visible text in the catalogs", () => {
  expect(
    sources()
      .filter(({ file }) => !file.startsWith("i18n/"))
      .flatMap(findings),
  ).toEqual([]);
});
