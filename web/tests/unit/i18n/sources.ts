/** The page's sources as trees, for tests that read them. */

import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "vite";

const SRC = new URL("../../../src/", import.meta.url);

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

export interface Source {
  readonly file: string; // below src/
  readonly text: string;
}

export function sources(): Source[] {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/"));
  return files.filter((file) => /\.tsx?$/.test(file)).map((file) => ({ file, text: readFileSync(new URL(file, SRC), "utf8") }));
}

/** Every node of a source, each with the nodes that it is in, the nearest last. */
export function* walk({ file, text }: Source): Generator<[Node, readonly Node[]]> {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  yield* descend(program as unknown as Node, []);
}

function* descend(node: Node, above: readonly Node[]): Generator<[Node, readonly Node[]]> {
  yield [node, above];
  const within = [...above, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof child === "object" && child !== null && typeof (child as Node).type === "string") yield* descend(child as Node, within);
    }
  }
}

export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
