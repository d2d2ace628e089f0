/** A message is the fold of its run's events. The same function in Python is fathom/server/runs/fold.py. */

import type { Candidate, Message, Part, RunEvent, VotePart } from "../api/assistant/types";

/** The message after one more event; the same object where the event changes nothing that is shown. */
export function fold(message: Message, event: RunEvent): Message {
  switch (event.type) {
    case "started":
      return { ...message, state: "streaming", error: null, finish_reason: null };
    case "delta":
      return { ...message, state: "streaming", parts: grow(message.parts, event.part, event.kind, event.text) };
    case "part":
      return { ...message, parts: replace(message.parts, event.part, event.value) };
    case "candidate":
      return { ...message, parts: growCandidate(message.parts, event.index, event.kind, event.text) };
    case "thinking_ended":
      return { ...message, parts: endThinking(message.parts, event.ms) };
    case "usage":
      return { ...message, usage: { ...event.usage, elapsed_ms: event.at } };
    case "interrupted":
      return { ...message, state: "interrupted", error: { message: event.message, remedy: event.remedy } };
    case "finished":
      return { ...message, state: event.state, finish_reason: event.finish_reason, usage: event.usage, error: event.error };
    default:
      return message;
  }
}

function grow(parts: readonly Part[], position: number, kind: "thinking" | "answer", text: string): Part[] {
  const part = parts[position];
  if (part?.type === kind) return replace(parts, position, { ...part, text: part.text + text });
  return replace(parts, position, kind === "thinking" ? { type: "thinking", text, ms: null } : { type: "answer", text });
}

function replace(parts: readonly Part[], position: number, value: Part): Part[] {
  const changed = parts.slice();
  changed[Math.min(position, changed.length)] = value;
  return changed;
}

/** The time belongs to the last thought that has none yet. */
function endThinking(parts: readonly Part[], ms: number): readonly Part[] {
  const position = parts.findLastIndex((part) => part.type === "thinking" && part.ms === null);
  const part = parts[position];
  return part?.type === "thinking" ? replace(parts, position, { ...part, ms }) : parts;
}

function growCandidate(parts: readonly Part[], index: number, kind: "thinking" | "answer", text: string): readonly Part[] {
  const position = parts.findIndex((part) => part.type === "vote");
  const part = position < 0 ? undefined : parts[position];
  const vote: VotePart = part?.type === "vote" ? part : { type: "vote", candidates: [], tally: [], chosen: null };
  const known = vote.candidates.find((candidate) => candidate.index === index);
  const before: Candidate = known ?? { index, thinking: "", answer: "", extracted: null, state: "streaming" };
  const after = { ...before, [kind]: before[kind] + text };
  const others = vote.candidates.filter((candidate) => candidate !== known);
  const candidates = [...others, after].toSorted((a, b) => a.index - b.index);
  return replace(parts, position < 0 ? parts.length : position, { ...vote, candidates });
}
