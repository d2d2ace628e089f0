/**
 * Pictures of the page that can be compared on another machine. All text is drawn in boxes (boxfont.mjs); a picture is then
 * shrunk, each cell the mean of 4 × 4 pixels. A cell is right where each of its colours is within that of the stored
 * cell and its eight neighbours, give or take a tolerance: an edge that is smoothed otherwise, or a slightly other colour, is the same.
 * The browser itself reads, shrinks and writes the files, so that no library for images is needed.
 */

import { readFile, writeFile } from "node:fs/promises";
import { boxFont } from "./boxfont.mjs";

const CELL = 4; // pixels
const TOLERANCE = 16; // of 255
/** Cells that may be wrong before a picture counts as another: 8 × 8 pixels. */
export const ALLOWED = 4;

/** For openPage: sets all text in boxes, in the page and its frames. */
export async function inBoxes(context) {
  await context.addInitScript((font) => {
    const bytes = Uint8Array.from(atob(font), (letter) => letter.charCodeAt(0));
    document.fonts.add(new FontFace("Boxes", bytes));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { font-family: Boxes !important; font-synthesis: none !important; caret-color: transparent !important }");
    document.adoptedStyleSheets.push(sheet);
  }, boxFont().toString("base64"));
}

/** A page in which pictures are worked on. */
export async function openBench(browser) {
  const page = await browser.newPage();
  await page.evaluate(() => {
    globalThis.read = async (data) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
      canvas.drawImage(image, 0, 0);
      return canvas.getImageData(0, 0, image.width, image.height);
    };
    globalThis.write = async (image) => {
      const canvas = new OffscreenCanvas(image.width, image.height);
      canvas.getContext("2d").putImageData(image, 0, 0);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    };
  });
  return page;
}

/** A screenshot as a small picture, PNG. */
export async function shrink(bench, screenshot) {
  const data = await bench.evaluate(
    async ([from, cell]) => {
      const image = await globalThis.read(from);
      const [width, height] = [Math.floor(image.width / cell), Math.floor(image.height / cell)];
      const small = new ImageData(width, height);
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          for (let channel = 0; channel < 4; channel += 1) {
            let sum = 0;
            for (let row = 0; row < cell; row += 1) for (let column = 0; column < cell; column += 1) sum += image.data[((y * cell + row) * image.width + x * cell + column) * 4 + channel];
            const mean = Math.round(sum / cell ** 2);
            small.data[(y * width + x) * 4 + channel] = channel === 3 ? 255 : mean & ~3; // fewer colours, smaller files
          }
        }
      }
      return globalThis.write(small);
    },
    [screenshot.toString("base64"), CELL],
  );
  return Buffer.from(data, "base64");
}

/** How many cells of two small pictures differ, and where: a box in pixels of the page. Infinity where their sizes do. */
export function differences(bench, stored, taken) {
  return bench.evaluate(
    async ([before, after, tolerance, cell]) => {
      const [one, other] = [await globalThis.read(before), await globalThis.read(after)];
      const { width, height } = one;
      if (other.width !== width || other.height !== height) return { count: Infinity, box: null };
      const around = (image, x, y, channel) => {
        let [low, high] = [255, 0];
        for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
          for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
            const value = image.data[(row * width + column) * 4 + channel];
            [low, high] = [Math.min(low, value), Math.max(high, value)];
          }
        }
        return [low - tolerance, high + tolerance];
      };
      const outside = (value, [low, high]) => value < low || value > high;
      const wrong = [];
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const at = (y * width + x) * 4;
          // Both ways: what is gone is as wrong as what is new.
          if ([0, 1, 2].some((channel) => outside(other.data[at + channel], around(one, x, y, channel)) || outside(one.data[at + channel], around(other, x, y, channel)))) wrong.push([x, y]);
        }
      }
      const [xs, ys] = [wrong.map(([x]) => x * cell), wrong.map(([, y]) => y * cell)];
      return { count: wrong.length, box: wrong.length ? [Math.min(...xs), Math.min(...ys), Math.max(...xs) + cell, Math.max(...ys) + cell] : null };
    },
    [stored.toString("base64"), taken.toString("base64"), TOLERANCE, CELL],
  );
}

export const readPicture = (path) => readFile(path).catch(() => null);
export const writePicture = (path, picture) => writeFile(path, picture);
