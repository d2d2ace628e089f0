import { expect, it } from "vitest";
import { codeFileName } from "../../src/markdown/codeFile";

it.each([
  ["python", "python", "x = 1", "code.py"],
  ["", "", "x", "code.txt"],
  ["wat", "wat", "x", "code.txt"],
  ['python title="src/app.py"', "python", "x", "app.py"],
  ["ts:src/a/b.test.ts", "ts", "x", "b.test.ts"],
  ["js file=../../.bashrc.js", "js", "x", "bashrc.js"],
  ["python", "python", "# tools/run.py\nx = 1", "run.py"],
  ["html", "html", "<!-- index.html -->\n<p>", "index.html"],
  ["css", "css", "/* main.css */\np {}", "main.css"],
  ["python", "python", "# see notes.txt for more\nx", "code.py"],
  ["dockerfile", "dockerfile", "FROM x", "Dockerfile"],
  ["C:\\windows\\evil.exe", "c", "x", "evil.exe"],
  ["c++", "c++", "x", "code.cpp"],
  ["constructor", "constructor", "x", "code.txt"],
])("saves a block after %j as %s, holding %j, under %j", (info, language, code, name) => {
  expect(codeFileName(info, language, code)).toBe(name);
});
