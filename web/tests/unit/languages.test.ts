import { describe, expect, it } from "vitest";
import { loadHighlight } from "../../src/markdown/highlight";

describe("languages", () => {
  it.each(
    [
      "python3 py3 py python2 objective-c objc golang sh-session shell-session console powershell ps1 jsonl mysql postgresql sqlite",
      "c++ c++17 c# f90 cuda vue svelte jsx tsx node dotenv toml yml docker bat cmd zsh fish html jinja2 elisp scheme vb vba rust",
      "dart scala haskell julia matlab octave perl elixir nginx proto proto3 graphql groovy gradle kotlin swift r rscript tex math",
    ].flatMap((names) => names.split(" ")),
  )("color %s", async (name) => {
    const highlight = await loadHighlight();
    expect(highlight('x = "1"', name), name).not.toBeNull();
  });

  it("leave alone what they do not know", async () => {
    const highlight = await loadHighlight();
    expect(highlight("x", "brainfuck")).toBeNull();
  });
});
