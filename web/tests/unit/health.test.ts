import { describe, expect, it } from "vitest";
import { parseHealth } from "../../src/api/health";

const nothing = { status: "loading", model: "", progress: null, stage: "", error: null, remedy: null, capabilities: { thinking: false, tools: false } };

describe("parseHealth", () => {
  it("reads a server that is ready", () => {
    const body = { status: "ready", model: "smollm2-135m", progress: null, capabilities: { thinking: true, tools: true } };
    expect(parseHealth(body)).toEqual({ ...nothing, status: "ready", model: "smollm2-135m", capabilities: { thinking: true, tools: true } });
  });

  it("reads how far the model is", () => {
    expect(parseHealth({ status: "loading", stage: "reading weights", progress: 0.25 })).toEqual({
      ...nothing,
      stage: "reading weights",
      progress: 0.25,
    });
    expect(parseHealth({ status: "loading", progress: 7 }).progress).toBe(1);
    expect(parseHealth({ status: "loading", stage: "starting", progress: null }).progress).toBeNull();
  });

  it("reads a failure with its remedy", () => {
    const body = { status: "failed", error: { message: "no such model", remedy: "run `fathom pull`" } };
    expect(parseHealth(body)).toEqual({ ...nothing, status: "failed", error: "no such model", remedy: "run `fathom pull`" });
  });

  it.each([null, 3, "ready", [], {}, { status: 5, progress: "x", error: 3, capabilities: "all" }])("takes %j for a server that loads", (body) => {
    expect(parseHealth(body)).toEqual(nothing);
  });
});
