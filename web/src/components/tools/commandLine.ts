/** Words of a command line, divided at spaces; quotes hold a word together, and a stroke takes the next character as it is. */
export function words(line: string): string[] {
  const found = line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs);
  return [...found].map(([word]) => word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped?: string, double?: string, single?: string) => escaped ?? double?.replace(/\\(.)/gs, "$1") ?? single ?? ""));
}

/** Lines of `name<mark>value` as an object; lines without the mark are left out. */
export function pairs(text: string, mark: string): Record<string, string> {
  const entries = text.split("\n").flatMap((line) => {
    const at = line.indexOf(mark);
    return at < 1 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
  });
  return Object.fromEntries(entries);
}
