import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, transformWithOxc, type Plugin } from "vite";

// Every browser that runs this page reads WOFF2, so the older copies of KaTeX's fonts are left out of the package.
const woff2Only: Plugin = {
  name: "woff2-only",
  enforce: "pre",
  transform(code, id) {
    if (!/katex.*\.css/.test(id)) return null;
    return code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g, "");
  },
};

// The page carries other people's work: their licenses ask to be carried along.
const licenses: Plugin = {
  name: "licenses",
  generateBundle(_, bundle) {
    const packages = new Map<string, string>();
    // of what a package holds beside its own work
    const notices = [readFileSync(new URL("src/frames/notices.txt", import.meta.url), "utf8")];
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      for (const id of chunk.moduleIds) {
        const match = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id);
        if (match?.[1] && match[2]) packages.set(match[2], match[1]);
        const notice = /contrib\/mhchem/.test(id) ? /\/\*{9,}[\s\S]*?\*\//.exec(readFileSync(id, "utf8"))?.[0] : undefined;
        if (notice) notices.push(`${notice.replace(/^\s*\/?\*+\/?\s?/gm, "").trim()}\n`);
      }
    }
    const texts = [...packages].toSorted().map(([name, folder]) => {
      const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { version: string };
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`${name} has no license file`);
      return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
    });
    this.emitFile({ type: "asset", fileName: "licenses.txt", source: [...texts, ...notices].join(`\n${"-".repeat(80)}\n\n`) });
  },
};

// The sandboxed document that draws diagrams. It has no origin, so its scripts are plain ones instead of modules.
const diagramFrame: Plugin = {
  name: "diagram-frame",
  async generateBundle() {
    const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
    const { code } = await transformWithOxc(read("src/frames/diagram.ts"), "diagram.ts");
    const scripts = { MERMAID: read("node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js"), DIAGRAM: code };
    let source = read("src/frames/diagram.html");
    for (const [name, script] of Object.entries(scripts)) {
      const reference = this.emitFile({ type: "asset", name: `${name.toLowerCase()}.js`, source: script });
      source = source.replace(name, this.getFileName(reference));
    }
    this.emitFile({ type: "asset", fileName: "frames/diagram.html", source });
  },
};

// The service worker with the names of what the page needs to open. Its version is another for each build.
const serviceWorker: Plugin = {
  name: "service-worker",
  async generateBundle(_, bundle) {
    const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
    const entry = chunks.find(({ isEntry }) => isEntry);
    const needed = new Set<string>(["theme.js", "mark.svg", "app.webmanifest", "icons/192.png"]);
    const take = (name: string | undefined) => {
      const chunk = chunks.find(({ fileName }) => fileName === name);
      if (!chunk || needed.has(chunk.fileName)) return;
      needed.add(chunk.fileName);
      for (const css of (chunk as { viteMetadata?: { importedCss: Set<string> } }).viteMetadata?.importedCss ?? []) needed.add(css);
      chunk.imports.forEach(take);
    };
    take(entry?.fileName);
    const files = [...needed].toSorted();
    const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
    const source = read("src/worker/worker.ts");
    const others = [source, read("index.html"), read("public/theme.js"), read("public/app.webmanifest")];
    const version = createHash("sha256").update(JSON.stringify([Object.keys(bundle).toSorted(), others])).digest("hex").slice(0, 12);
    const { code } = await transformWithOxc(source, "worker.ts");
    const constants = `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(files)};\n`;
    this.emitFile({ type: "asset", fileName: "worker.js", source: constants + code });
  },
};

export default defineConfig({
  base: "./", // the page may be served below any path
  plugins: [woff2Only, licenses, diagramFrame, serviceWorker],
  build: {
    outDir: "../src/fathom/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the server's content security policy allows no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 400,
    sourcemap: false,
    manifest: "manifest.json", // tells the size test which files the first load takes
  },
  server: { proxy: Object.fromEntries(["/v1", "/api", "/health", "/frames", "/assets"].map((path) => [path, "http://127.0.0.1:8000"])) },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
