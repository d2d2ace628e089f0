import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

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
    const notices: string[] = []; // at the head of files that come from elsewhere than their package
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

export default defineConfig({
  base: "./", // the page may be served below any path
  plugins: [woff2Only, licenses],
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
  server: { proxy: { "/v1": "http://127.0.0.1:8000", "/health": "http://127.0.0.1:8000" } },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
