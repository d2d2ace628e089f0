/** Numbers, sizes, times and dates as the reader's language writes them. */

import { language } from "./language";

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>(); // making one costs more than using it

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `n ${language.value.tag} ${JSON.stringify(options)}`;
  const known = formats.get(name) as Intl.NumberFormat | undefined;
  const format = known ?? new Intl.NumberFormat(language.value.tag, options);
  if (!known) formats.set(name, format);
  return format;
}

export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  return numberFormat(options).format(value);
}

/** 0.42 → 42 % */
export function formatPercent(share: number): string {
  return formatNumber(share, { style: "percent", maximumFractionDigits: 0 });
}

/** Tokens a second, bytes and the like: one decimal below ten. */
export function formatRate(value: number): string {
  return formatNumber(value, value < 10 ? { minimumFractionDigits: 1, maximumFractionDigits: 1 } : { maximumFractionDigits: 0 });
}

/** Bytes in the unit that reads best: 1.5 MB. Decimal units, as disks and downloads are sold. */
export function formatBytes(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return formatNumber(value, { style: "unit", unit: units[power] ?? "byte", unitDisplay: "short", maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 });
}

/** 75 → 1m 15s, in whole seconds. */
export function formatDuration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts: [number, string][] = hours > 0 ? [[hours, "hour"], [minutes, "minute"]] : minutes > 0 ? [[minutes, "minute"], [rest, "second"]] : [[rest, "second"]]; // prettier-ignore
  return parts.map(([value, unit]) => formatNumber(value, { style: "unit", unit, unitDisplay: "narrow" })).join(" ");
}

/** A moment, in milliseconds since 1970. */
export function formatDate(time: number, options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" }): string {
  const name = `d ${language.value.tag} ${JSON.stringify(options)}`;
  const known = formats.get(name) as Intl.DateTimeFormat | undefined;
  const format = known ?? new Intl.DateTimeFormat(language.value.tag, options);
  if (!known) formats.set(name, format);
  return format.format(time);
}
