/** What is committed and served: its weight, and that it needs nobody but its own server. */

import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const STATIC = new URL("../../../src/fathom/server/static/", import.meta.url);
const FIRST_LOAD = 90 * 1024; // bytes of JavaScript, gzip

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}

const read = (file: string) => readFileSync(new URL(file, STATIC));
const html = read("index.html").toString("utf8");

function firstLoad(): string[] {
  const manifest = JSON.parse(read("manifest.json").toString("utf8")) as Record<string, Chunk>;
  const files = new Set<string>(["theme.js"]);
  const take = (name: string): void => {
    const chunk = manifest[name];
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    chunk.imports?.forEach(take);
  };
  Object.entries(manifest).forEach(([name, chunk]) => chunk.isEntry && take(name));
  return [...files];
}

it("loads at most 90 KB of JavaScript first", () => {
  const files = firstLoad();
  const scripts = [...html.matchAll(/src="\.\/([^"]+\.js)"/g)].map(([, file]) => file);
  expect(files).toEqual(expect.arrayContaining(scripts));
  expect(scripts.length).toBeGreaterThan(1);
  const bytes = files.reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
  expect(bytes).toBeLessThanOrEqual(FIRST_LOAD);
});

it("leaves formulae and colors for later", () => {
  const files = firstLoad();
  const assets = readdirSync(new URL("assets/", STATIC));
  for (const lazy of ["katex-", "languages-", "mermaid-", "DiagramFrame-", "PreviewFrame-"]) {
    expect(assets.some((file) => file.startsWith(lazy) && file.endsWith(".js"))).toBe(true);
    expect(files.some((file) => file.includes(lazy))).toBe(false);
  }
});

it("has neither inline scripts nor addresses of others", () => {
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/\son\w+=|style=|<style/);
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  for (const file of readdirSync(new URL("assets/", STATIC)).filter((name) => name.endsWith(".css"))) {
    expect(read(`assets/${file}`).toString("utf8")).not.toMatch(/url\(["']?(?:https?:|\/\/|data:)/);
  }
});

it("never writes HTML text into the page", () => {
  for (const file of firstLoad()) expect(read(file).toString("utf8")).not.toContain("dangerouslySetInnerHTML=");
  const sources = readdirSync(new URL("../../src/", import.meta.url), { recursive: true, encoding: "utf8" });
  for (const file of sources.filter((name) => /\.tsx?$/.test(name))) {
    const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
    expect(source, file).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/i);
  }
});

it("carries the licenses of what it is built from", () => {
  const licenses = read("licenses.txt").toString("utf8");
  for (const name of ["preact", "@preact/signals", "marked", "katex", "highlight.js"]) {
    expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, "m"));
  }
  expect(licenses).toContain("Mermaid (@mermaid-js/tiny) is one file that holds the packages below.");
  expect(licenses).toContain('Licensed under the Apache License, Version 2.0 (the "License")'); // of mhchem, in KaTeX
});

it("locks packages without the address of a registry", () => {
  const lock = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
  expect(lock).not.toContain('"resolved"');
  expect(lock).toContain('"integrity"');
});
