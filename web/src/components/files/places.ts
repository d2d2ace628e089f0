/** Places in files: in words, and whether a passage is at one. */

import type { Place } from "../../api/assistant/files";
import { t } from "../../i18n";

const WORDS = { page: "files.place.page", slide: "files.place.slide", line: "files.place.line", cell: "files.place.cell" } as const;
const COUNTED = Object.keys(WORDS) as (keyof typeof WORDS)[];

/** "Page 3", "Sheet Sales, A2:D20"; empty for a place that this page does not know. */
export function placeWords(place: Place): string {
  if (typeof place["sheet"] === "string") return t("files.place.sheet", { sheet: place["sheet"], cells: String(place["cells"] ?? "") });
  if (typeof place["chapter"] === "string") return place["chapter"];
  const name = COUNTED.find((one) => place[one] !== undefined);
  if (name === undefined) return "";
  const { [name]: first, end } = place;
  return t(WORDS[name], { at: end === undefined || end === first ? String(first) : `${String(first)}–${String(end)}` });
}

/** Whether a passage at `place` is at the cited one, which may reach over several. */
export function isWithin(place: Place, cited: Place): boolean {
  if (typeof cited["sheet"] === "string") return place["sheet"] === cited["sheet"] && (cited["cells"] === undefined || place["cells"] === cited["cells"]);
  if (cited["chapter"] !== undefined) return place["chapter"] === cited["chapter"];
  const name = COUNTED.find((one) => cited[one] !== undefined);
  if (name === undefined) return false;
  const [at, first, last] = [place[name], cited[name], cited["end"] ?? cited[name]];
  return typeof at === "number" && typeof first === "number" && typeof last === "number" && at >= first && at <= last;
}
