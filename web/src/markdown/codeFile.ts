/** The name under which a block of code is saved: the one that it goes by, else one that its language is known by. */

const EXTENSIONS = new Map(Object.entries({
  bash: "sh", c: "c", clojure: "clj", cmake: "cmake", cpp: "cpp", "c++": "cpp", cs: "cs", csharp: "cs", css: "css", csv: "csv", dart: "dart",
  diff: "diff", dot: "dot", elixir: "ex", fortran: "f90", go: "go", golang: "go", graphql: "graphql", haskell: "hs", html: "html", ini: "ini",
  java: "java", javascript: "js", js: "js", json: "json", jsonl: "jsonl", jsx: "jsx", julia: "jl", kotlin: "kt", latex: "tex", lua: "lua",
  markdown: "md", matlab: "m", md: "md", mermaid: "mmd", "objective-c": "m", objc: "m", ocaml: "ml", perl: "pl", php: "php", powershell: "ps1",
  proto: "proto", py: "py", python: "py", python3: "py", r: "r", ruby: "rb", rust: "rs", rs: "rs", scala: "scala", scss: "scss", sh: "sh",
  shell: "sh", sql: "sql", svg: "svg", swift: "swift", tex: "tex", toml: "toml", ts: "ts", tsx: "tsx", typescript: "ts", verilog: "v",
  vue: "vue", xml: "xml", yaml: "yaml", yml: "yaml", zig: "zig", zsh: "sh",
})); // prettier-ignore

/** Files that have a name instead of an extension. */
const WHOLE = new Map(Object.entries({ dockerfile: "Dockerfile", makefile: "Makefile", make: "Makefile" }));

const NAME = String.raw`[\p{L}\p{N}_.@+\-/\\]*\.[A-Za-z][A-Za-z0-9]{0,9}`;
const IN_INFO = new RegExp(String.raw`(?:title|file|filename|name)\s*=\s*["']?(${NAME})|(?:^|[\s:])(${NAME})`, "u");
const IN_COMMENT = new RegExp(String.raw`^\s*(?:#|//|--|;|%|/\*|<!--)\s*(?:file(?:name)?:?\s+)?(${NAME})\s*(?:\*/|-->)?\s*$`, "iu");

/** `info` is what stands after the fence, `language` its first word. */
export function codeFileName(info: string, language: string, code: string): string {
  const [, titled, named] = IN_INFO.exec(info) ?? [];
  const commented = IN_COMMENT.exec(code.slice(0, 300).split("\n")[0] ?? "")?.[1];
  const name = baseName(titled ?? named ?? commented ?? "");
  return name || WHOLE.get(language) || `code.${EXTENSIONS.get(language) ?? "txt"}`;
}

/** The last part of a path, without a dot in front: what is saved must neither hide nor go elsewhere. */
function baseName(path: string): string {
  return (path.split(/[/\\]/).at(-1) ?? "").replace(/^\.+/, "").slice(-80);
}
