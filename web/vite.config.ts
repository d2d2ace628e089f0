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

export default defineConfig({
  base: "./", // the page may be served below any path
  plugins: [woff2Only],
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
