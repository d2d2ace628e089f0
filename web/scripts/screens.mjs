/**
 * Pictures of every screen and state, to be looked at: node scripts/screens.mjs FOLDER. They come from scripted answers, so they
 * need neither a server nor a model; what they show is described in SCREENS.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch, openPage } from "../tests/browser/browser.mjs";
import { startMock, stream } from "../tests/browser/mock.mjs";

const [folder = "screens"] = process.argv.slice(2);

const ANSWER = `Tides rise and fall **twice a day**. See [a source](https://example.org).

| Where | Range |
|---|--:|
| Bay of Fundy | 16 m |
| Baltic Sea | 0.3 m |

\`\`\`python title="tides.py"
def height(t):
    return 2 * cos(t / 12.4)
\`\`\`

\`\`\`mermaid
flowchart LR
  Moon --> Water --> Tide
\`\`\`

$$h(t) = A \\cos\\left(\\frac{2\\pi t}{T}\\right)$$
`;

/** Whatever the language of the page. */
async function ask(page, text) {
  await page.locator(".composer textarea").fill(text);
  await page.keyboard.press("Enter");
}

const answered = (page) => page.locator(".answer .figures").last().waitFor();
const settings = async (page, phone) => {
  if (phone) await page.locator(".open-sidebar").click();
  await page.locator(".sidebar-foot .quiet-button").first().click();
  await page.locator("dialog[open] select, dialog[open] input").first().waitFor();
};

/** What leads to each screen. */
const SCREENS = {
  empty: async (page) => page.locator(".empty").waitFor(),
  chat: async (page) => {
    await ask(page, "How do tides work?");
    await answered(page);
    await page.locator("iframe.diagram.drawn").waitFor();
    await page.locator(".katex").first().waitFor();
  },
  settings,
  sidebar: async (page, phone) => {
    await ask(page, "A chat in the list");
    await answered(page);
    if (phone) await page.locator(".open-sidebar").click();
    await page.waitForTimeout(300);
  },
  shortcuts: async (page) => {
    await page.keyboard.press("Control+/");
    await page.locator("dialog[open] .shortcuts").waitFor();
  },
};

const browser = await launch();
const mock = await startMock(() => ({ events: stream({ thinking: "The moon pulls the water.", answer: ANSWER, size: 40, pace: 0 }) }));
await mkdir(folder, { recursive: true });
for (const [device, viewport] of Object.entries({ phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } })) {
  for (const colorScheme of ["light", "dark"]) {
    for (const locale of ["en-US", "zh-CN"]) {
      for (const [name, lead] of Object.entries(SCREENS)) {
        const { context, page } = await openPage(browser, mock.url, { viewport, colorScheme, locale, hasTouch: device === "phone" });
        try {
          if (locale === "zh-CN") await page.locator("html[lang=zh-Hans]").waitFor();
          await lead(page, device === "phone");
          await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}-${locale.slice(0, 2)}.png`) });
        } catch (error) {
          console.error(`${name} ${device} ${colorScheme} ${locale}: ${String(error).split("\n")[0]}`);
          process.exitCode = 1;
        }
        await context.close();
      }
    }
  }
}
await browser.close();
await mock.close();
