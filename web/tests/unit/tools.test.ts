import { describe, expect, it } from "vitest";
import { pairs, words } from "../../src/components/tools/commandLine";
import { argumentsOf, toolLabel } from "../../src/components/tools/names";
import "../../src/i18n/en/tools";

describe("a command line", () => {
  it.each([
    ["npx -y server", ["npx", "-y", "server"]],
    ['python "a file.py" --name=\'two words\'', ["python", "a file.py", "--name=two words"]],
    ["a\\ b \"say \\\"x\\\"\"", ["a b", 'say "x"']],
    ["  ", []],
  ])("%s", (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  it("takes variables and headers by line", () => {
    expect(pairs("A=1\nB = x=y\nnonsense\n=z", "=")).toEqual({ A: "1", B: "x=y" });
    expect(pairs("Authorization: Bearer a:b", ":")).toEqual({ Authorization: "Bearer a:b" });
  });
});

describe("a tool", () => {
  it("has a name that people read", () => {
    expect(toolLabel("web_search")).toBe("Web search");
    expect(toolLabel("notes__add__item")).toBe("add__item of notes");
    expect(toolLabel("other")).toBe("other");
  });

  it("shows its arguments by name, and as they are while they are written", () => {
    expect(argumentsOf('{"code": "print(1)\\n", "n": [1, 2]}')).toEqual([
      ["code", "print(1)\n"],
      ["n", "[\n 1,\n 2\n]"],
    ]);
    expect(argumentsOf('{"code": "pri')).toEqual([["", '{"code": "pri']]);
    expect(argumentsOf("")).toEqual([]);
    expect(argumentsOf("[1]")).toEqual([["", "[1]"]]);
  });
});
