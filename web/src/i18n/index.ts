/** What the page says, in the reader's language. The lowest layer: everything that is visible comes through here. */

import "./en/chat";
import "./en/errors";
import "./en/files";
import "./en/model";
import "./en/sidebar";
import "./en/text";

export { formatBytes, formatDate, formatDuration, formatNumber, formatPercent, formatRate } from "./format";
export { isLanguageChoice, language, LANGUAGES, preferredLanguage, speak, type LanguageChoice, type LanguageCode } from "./language";
export { nodes, t, type PlainKey } from "./t";
export type { Key } from "./catalog";
