/** The languages that answers are most often written in. */

import highlighter from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import clojure from "highlight.js/lib/languages/clojure";
import cmake from "highlight.js/lib/languages/cmake";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import dart from "highlight.js/lib/languages/dart";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import dos from "highlight.js/lib/languages/dos";
import elixir from "highlight.js/lib/languages/elixir";
import fortran from "highlight.js/lib/languages/fortran";
import go from "highlight.js/lib/languages/go";
import graphql from "highlight.js/lib/languages/graphql";
import groovy from "highlight.js/lib/languages/groovy";
import haskell from "highlight.js/lib/languages/haskell";
import http from "highlight.js/lib/languages/http";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import julia from "highlight.js/lib/languages/julia";
import kotlin from "highlight.js/lib/languages/kotlin";
import latex from "highlight.js/lib/languages/latex";
import lisp from "highlight.js/lib/languages/lisp";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import matlab from "highlight.js/lib/languages/matlab";
import nginx from "highlight.js/lib/languages/nginx";
import objectivec from "highlight.js/lib/languages/objectivec";
import ocaml from "highlight.js/lib/languages/ocaml";
import perl from "highlight.js/lib/languages/perl";
import php from "highlight.js/lib/languages/php";
import powershell from "highlight.js/lib/languages/powershell";
import protobuf from "highlight.js/lib/languages/protobuf";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import scala from "highlight.js/lib/languages/scala";
import scss from "highlight.js/lib/languages/scss";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import vbnet from "highlight.js/lib/languages/vbnet";
import verilog from "highlight.js/lib/languages/verilog";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const languages = {
  bash, c, clojure, cmake, cpp, csharp, css, dart, diff, dockerfile, dos, elixir, fortran, go, graphql, groovy, haskell, http,
  ini, java, javascript, json, julia, kotlin, latex, lisp, lua, makefile, markdown, matlab, nginx, objectivec, ocaml, perl,
  php, powershell, protobuf, python, r, ruby, rust, scala, scss, shell, sql, swift, typescript, vbnet, verilog, xml, yaml,
}; // prettier-ignore

/** What else models write after a fence, beside the aliases that the languages bring. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  bash: ["bash-script", "fish", "ksh", "shell-script", "shellscript", "unix", "linux"],
  c: ["ansi-c", "c11", "c99", "cuda-c"],
  clojure: ["cljs", "edn"],
  cpp: ["arduino", "c++11", "c++14", "c++17", "c++20", "c++23", "cplusplus", "cu", "cuda", "cxx", "metal"],
  csharp: ["csx", "dotnet"],
  css: ["postcss"],
  dart: ["flutter"],
  dockerfile: ["containerfile"],
  dos: ["batchfile", "winbatch"],
  elixir: ["eex", "heex", "iex"],
  fortran: ["f03", "f08", "fortran90"],
  go: ["go-lang"],
  graphql: ["gql"],
  groovy: ["gradle", "jenkinsfile"],
  haskell: ["ghci"],
  ini: ["cfg", "conf", "config", "dotenv", "editorconfig", "env", "gitconfig", "properties", "systemd"],
  java: ["java8", "jshell"],
  javascript: ["ecmascript", "es6", "javascript-react", "javascriptreact", "node", "node.js", "nodejs"],
  json: ["geojson", "ipynb", "json-ld", "json-schema", "jsonl", "jsonlines", "ndjson"],
  kotlin: ["kotlin-script"],
  latex: ["katex", "math", "xelatex"],
  lisp: ["cl", "common-lisp", "commonlisp", "elisp", "emacs-lisp", "racket", "scheme"],
  lua: ["luau"],
  makefile: ["gnumake"],
  markdown: ["mdx", "qmd", "rmarkdown", "rmd"],
  matlab: ["octave"],
  objectivec: ["objective-c", "objective-c++", "objectivec++"],
  php: ["php7", "php8"],
  powershell: ["power-shell", "psm1"],
  protobuf: ["proto3"],
  python: ["cython", "py2", "py3", "pyi", "python-repl", "python2", "python3", "pytorch", "pyw", "sage", "starlark"],
  r: ["rlang", "rscript"],
  ruby: ["jruby", "rails"],
  rust: ["rust-lang"],
  scss: ["less", "sass"],
  shell: ["sh-session", "shell-session", "terminal", "tty"],
  sql: ["bigquery", "mariadb", "mysql", "pgsql", "plpgsql", "plsql", "postgres", "postgresql", "sqlite", "sqlite3", "t-sql", "tsql"],
  swift: ["swift5", "swiftui"],
  typescript: ["deno", "typescript-react", "typescriptreact"],
  vbnet: ["basic", "vb.net", "vba", "vbs", "vbscript", "visual-basic"],
  verilog: ["system-verilog", "systemverilog"],
  xml: ["angular", "ejs", "htm", "jinja", "jinja2", "svelte", "vue", "xaml"],
  yaml: ["ansible", "docker-compose", "k8s", "kubernetes", "openapi"],
};

for (const [name, language] of Object.entries(languages)) highlighter.registerLanguage(name, language);
for (const [languageName, aliases] of Object.entries(ALIASES)) highlighter.registerAliases([...aliases], { languageName });

export { highlighter };
