/**
 * Pictures of every screen and state, to be looked at: node scripts/screens.mjs FOLDER [NAME …]. They come from scripted answers
 * (tests/browser/states.mjs), so they need neither a server nor a model.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "../tests/browser/browser.mjs";
import { startMock, stream } from "../tests/browser/mock.mjs";
import { openState, STATES } from "../tests/browser/states.mjs";

const [folder = "screens", ...names] = process.argv.slice(2);
const DEVICES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

const browser = await launch();
const mock = await startMock(() => ({ events: stream({ answer: "Hello." }) }));
await mkdir(folder, { recursive: true });
for (const name of names.length > 0 ? names : Object.keys(STATES)) {
  for (const [device, viewport] of Object.entries(DEVICES)) {
    for (const [look, options] of Object.entries({ light: {}, dark: { colorScheme: "dark" }, zh: { locale: "zh-CN" } })) {
      try {
        const { context, page, complaints } = await openState(browser, mock, name, { viewport, colorScheme: "light", ...options });
        await page.screenshot({ path: join(folder, `${name}-${device}-${look}.png`), fullPage: name === "print" });
        if (complaints.length > 0) throw new Error(complaints.join(" "));
        await context.close();
      } catch (error) {
        console.error(`${name} ${device} ${look}: ${String(error).split("\n").slice(0, 3).join(" ")}`);
        process.exitCode = 1;
      }
    }
  }
}
await browser.close();
await mock.close();
