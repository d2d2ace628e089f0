const VARIABLE = /\{\{\s*([\p{L}\p{N}_][\p{L}\p{N}_ -]{0,63}?)\s*\}\}/gu;

/** A prompt's text with the values of its variables, `{{name}}`, in their places. */
export function fill(text: string, value: (name: string) => string): string {
  return text.replace(VARIABLE, (_, name: string) => value(name));
}
