/** Places in files: in words, and whether a passage is at one. */

import type { Place } from "../../api/assistant/files";
import { t } from "../../i18n";

const NAMED = ["page", "slide", "line", "cell", "chapter"] as const;

/** "Page 3", "Sheet Sales, A2:D20"; empty for a place that this page does not know. */
export function placeWords(place: Place): string {
  if (typeof place["sheet"] === "string") return t("files.place.sheet", { sheet: place["sheet"], cells: String(place["cells"] ?? "") });
  const name = NAMED.find((one) => place[one] !== undefined);
  if (name === undefined) return "";
  const { [name]: first, end } = place;
  return t(`files.place.${name}`, { at: end === undefined || end === first ? String(first) : `${String(first)}–${String(end)}` });
}

/** Whether a passage at `place` is at the cited one, which may reach over several. */
export function isWithin(place: Place, cited: Place): boolean {
  if (typeof cited["sheet"] === "string") return place["sheet"] === cited["sheet"] && (cited["cells"] === undefined || place["cells"] === cited["cells"]);
  const name = NAMED.find((one) => cited[one] !== undefined);
  if (name === undefined) return false;
  const [at, first, last] = [place[name], cited[name], cited["end"] ?? cited[name]];
  return typeof at === "number" && typeof first === "number" && typeof last === "number" ? at >= first && at <= last : at !== undefined && at === first;
}
