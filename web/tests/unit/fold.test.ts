/** The cases that the server's fold is tested with, too. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Message, RunEvent } from "../../src/api/assistant/types";
import { fold } from "../../src/state/fold";

const CASES = new URL("../../../tests/data/fold/", import.meta.url);
const EMPTY = { id: "m", role: "assistant", state: "waiting", parts: [], finish_reason: null, usage: null, error: null } as unknown as Message;

const names = readdirSync(CASES).filter((name) => name.endsWith(".json"));

it.each(names)("%s", (name) => {
  const { events, message } = JSON.parse(readFileSync(new URL(name, CASES), "utf8")) as { events: RunEvent[]; message: Record<string, unknown> };
  const { status: _, ...expected } = message;
  let folded = EMPTY;
  let sequence = 0;
  for (const event of events) {
    if (event.sequence <= sequence) continue;
    sequence = event.sequence;
    folded = fold(folded, event);
  }
  expect(folded).toMatchObject(expected);
  expect(folded.parts).toEqual(expected["parts"]);
});

it("reads the cases", () => {
  expect(names.length).toBeGreaterThan(10);
});
