/** What tools are called, and what they are called with, as people read it. */

import { t, type PlainKey } from "../../i18n";
import "../../i18n/en/tools";

const OWN: Readonly<Record<string, PlainKey>> = {
  calculator: "tools.name.calculator",
  python: "tools.name.python",
  web_search: "tools.name.web_search",
  open_page: "tools.name.open_page",
  remember: "tools.name.remember",
};

/** `notes__add` is `add` of the server `notes`; our own have names in the reader's language. */
export function toolLabel(name: string): string {
  const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
  if (own) return t(own);
  const [server, tool] = name.split(/__(.+)/, 2);
  return server && tool ? t("tools.ofServer", { server, tool }) : name;
}

/** Name and text of each argument; one entry without a name where the text is no JSON object (yet). */
export function argumentsOf(text: string): readonly (readonly [string, string])[] {
  try {
    const value: unknown = JSON.parse(text || "{}");
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      return Object.entries(value).map(([name, one]) => [name, typeof one === "string" ? one : JSON.stringify(one, null, 1)]);
  } catch {
    // it is still being written, or was never JSON: shown as it is
  }
  return [["", text]];
}
