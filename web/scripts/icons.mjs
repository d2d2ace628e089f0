/** Draws the icons of the installed page from its mark: node scripts/icons.mjs. What it writes is committed. */

import { readFile, writeFile } from "node:fs/promises";
import { launch } from "../tests/browser/browser.mjs";

const PUBLIC = new URL("../public/", import.meta.url);
const mark = await readFile(new URL("mark.svg", PUBLIC), "utf8");

/** `inset`: the share of the side that is left around the mark; a maskable icon may lose its outer tenth to any shape. */
const ICONS = [
  { name: "192", size: 192, inset: 0, ground: "transparent" },
  { name: "512", size: 512, inset: 0, ground: "transparent" },
  { name: "maskable-512", size: 512, inset: 0.12, ground: "#0e5f6b" },
  { name: "apple-180", size: 180, inset: 0.08, ground: "#0e5f6b" },
];

const browser = await launch();
for (const { name, size, inset, ground } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const side = Math.round(size * (1 - 2 * inset));
  await page.setContent(`<style>body { margin: 0; height: 100vh; display: grid; place-items: center; background: ${ground} } svg { width: ${side}px; height: ${side}px }</style>${mark}`);
  await writeFile(new URL(`icons/${name}.png`, PUBLIC), await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
