/** What the built page makes of an answer, on the screen and on paper, in a real browser. Run: npm run test:browser */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import katex from "katex";
import { ask, launch, openPage } from "./browser.mjs";
import { FORMULAE } from "./formulae.mjs";
import { startMock, stream } from "./mock.mjs";

let browser;
let mock;
let answer; // the text of the next one
let thinking; // and the thinking before it

before(async () => {
  browser = await launch();
  mock = await startMock(() => ({ events: stream({ thinking, answer, size: 200, pace: 0 }) }));
});
after(async () => {
  await browser?.close();
  await mock?.close();
});

/** Runs a test on a fresh page that shows `text`; the page must have nothing to complain about in the end. */
function onAnswer(name, text, test, { thought = "", ...options } = {}) {
  it(name, { timeout: 90_000 }, async () => {
    const { context, page, complaints } = await show(text, thought, options);
    try {
      await test(page);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
}

async function show(text, thought = "", options = {}) {
  const opened = await openPage(browser, mock.url, options);
  [answer, thinking] = [text, thought];
  await ask(opened.page, "Show me");
  await opened.page.locator(".answer .figures").waitFor();
  await opened.page.waitForFunction(() => [...document.querySelectorAll(".math")].every((math) => math.querySelector(".katex") || math.matches(".invalid")));
  await opened.page.evaluate(() => document.fonts.ready);
  return opened;
}

/** Each formula's elements (not its MathML, which nobody sees): name, place and size, and the styles in force. */
function measure() {
  return [...document.querySelectorAll(".prose .math")].map((math) => {
    const origin = math.getBoundingClientRect();
    return [...math.querySelectorAll(".katex-html, .katex-html *")].map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const name = `${element.localName}.${element.getAttribute("class") ?? ""} {${element.style.cssText}}`;
      return { name, place: [x - origin.x, y - origin.y, width, height] };
    });
  });
}

/** The first element that differs, by more than half a pixel where it stands; null where the formulae look the same. */
function firstDifference(ours, expected) {
  for (const [index, { name, place }] of expected.entries()) {
    const own = ours[index];
    const near = own && place.every((pixels, side) => Math.abs(pixels - own.place[side]) < 0.5);
    if (own?.name !== name || !near) return `${own?.name} ${own?.place} instead of ${name} ${place}`;
  }
  return ours.length === expected.length ? null : `${ours.length} elements instead of ${expected.length}`;
}

describe("formulae under the content security policy", () => {
  const text = [...FORMULAE.map((tex) => `$$${tex}$$`), "Inline: $\\vec{v}$ and $\\left(\\frac{a}{b}\\right)$."].join("\n\n");

  it("look as KaTeX draws them without one", { timeout: 90_000 }, async () => {
    const [strict, free] = [await show(text), await show(text, "", { bypassCSP: true })];
    try {
      const sources = [...FORMULAE, "\\vec{v}", "\\left(\\frac{a}{b}\\right)"];
      const markup = sources.map((tex, index) => katex.renderToString(tex, { displayMode: index < FORMULAE.length, strict: "ignore" }));
      await free.page.evaluate((all) => {
        for (const [index, math] of [...document.querySelectorAll(".prose .math")].entries()) math.innerHTML = all[index];
      }, markup);
      await free.page.evaluate(() => document.fonts.ready);
      const [ours, expected] = [await strict.page.evaluate(measure), await free.page.evaluate(measure)];
      assert.equal(expected.length, sources.length);
      for (const [index, tex] of sources.entries()) assert.equal(firstDifference(ours[index], expected[index]), null, tex);
      assert.ok(markup.filter((html) => /<svg[^>]* style=/.test(html)).length > 10); // the reference has what is blocked
      assert.deepEqual(strict.complaints, []);
    } finally {
      await strict.context.close();
      await free.context.close();
    }
  });

  onAnswer("show the arrow of a vector, at its size", "$$\\vec{A} = \\vec{b}$$ and $\\vec{v}$", async (page) => {
    const arrows = page.locator(".math svg");
    assert.equal(await arrows.count(), 3);
    for (const box of await arrows.evaluateAll((all) => all.map((svg) => svg.getBoundingClientRect().toJSON()))) {
      assert.ok(box.width > 5 && box.width < 15 && box.height > 5, JSON.stringify(box));
    }
  });

  onAnswer("are chemistry too", "$\\ce{2H2 + O2 -> 2H2O}$", async (page) => {
    await page.locator(".math .katex").waitFor();
    assert.equal(await page.locator(".math.invalid").count(), 0);
  });

  onAnswer("show their source where they cannot be set", "A $\\nosuch{x}$ and\n\n$$\n\\frac{1\n$$", async (page) => {
    assert.deepEqual(await page.locator(".math.invalid").allTextContents(), ["$\\nosuch{x}$", "$$\n\\frac{1\n$$"]);
  });

  const LONG = Array.from({ length: 40 }, (_, index) => `x_{${index}}`).join(" ");
  onAnswer(
    "too wide for a phone scroll in themselves, by keyboard too",
    `# The $\\frac{${LONG}}{2}$\n\nInline $\\sqrt{${LONG}}$ and\n\n$$${LONG}$$\n\n| a |\n|---|\n| $\\sqrt{${LONG}}$ |`,
    async (page) => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      assert.equal(await page.locator(".transcript").evaluate((element) => element.scrollWidth), 390);
      assert.equal(await page.locator(".math.display").getAttribute("tabindex"), "0");
    },
    { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true },
  );
});

describe("footnotes", () => {
  const text = `${"A line.\n\n".repeat(40)}A claim[^1].\n\n${"A line.\n\n".repeat(40)}[^1]: The note.`;

  onAnswer("lead there and back, and leave the address alone", text, async (page) => {
    const address = page.url();
    const reference = page.getByRole("link", { name: "Footnote 1" });
    await reference.focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "The note.↩");
    await page.getByRole("link", { name: "Back to reference 1" }).click();
    assert.equal(await reference.evaluate((element) => element === document.activeElement), true);
    const { top, bottom } = await reference.evaluate((element) => element.getBoundingClientRect().toJSON());
    assert.ok(top >= 0 && bottom <= 800);
    assert.equal(page.url(), address);
  });
});

describe("folded details", () => {
  onAnswer("open by keyboard, and stay open", "<details><summary>More</summary>\n\nHidden **text**.\n\n</details>", async (page) => {
    const text = page.locator(".prose").getByText("Hidden");
    assert.equal(await text.isVisible(), false);
    await page.locator("summary").focus();
    await page.keyboard.press("Enter");
    await text.waitFor();
  });
});

const LONG_ANSWER = [
  "# A long answer",
  ...Array.from({ length: 60 }, (_, index) => `Paragraph ${index} with **bold** text and $x_${index}$.`),
  `\`\`\`python\n${"word = ".repeat(60)}1\n\`\`\``,
  "<details><summary>More</summary>\n\nFolded text.\n\n</details>",
  `| ${"column | ".repeat(12)}\n|${"---|".repeat(12)}\n| ${"some text | ".repeat(12)}`,
  `$$${"x + ".repeat(80)}x$$`,
  `$$${"y + ".repeat(80)}y \\tag{1}$$`,
  "The end.",
].join("\n\n");

describe("on paper", () => {
  for (const [name, options] of Object.entries({
    light: { colorScheme: "light" },
    dark: { colorScheme: "dark" },
    phone: { colorScheme: "dark", viewport: { width: 390, height: 800 }, isMobile: true },
  })) {
    onAnswer(
      `${name}: the whole conversation, black on white, without controls`,
      LONG_ANSWER,
      async (page) => {
        await page.setViewportSize({ width: 720, height: 1000 }); // about what A4 is wide
        await page.emulateMedia({ media: "print", colorScheme: options.colorScheme });
        const shown = (selector) => page.locator(selector).evaluateAll((all) => all.filter((element) => element.checkVisibility()).length);
        assert.equal(await shown("button, input, textarea, .sidebar, .top, .foot, .note-back"), 0);
        assert.equal(await shown(".bubble, .answer"), 2);
        assert.ok(await page.locator(".prose > p").last().evaluate((element) => element.getBoundingClientRect().bottom + scrollY <= document.documentElement.scrollHeight));
        const colors = await page.evaluate(() => {
          const style = (selector) => getComputedStyle(document.querySelector(selector));
          return [style("body").backgroundColor, style(".transcript").backgroundColor, style(".prose p").color, style(".bubble").color, style(".katex").color];
        });
        const [white, black] = ["rgb(255, 255, 255)", "rgb(0, 0, 0)"];
        assert.deepEqual(colors, [white, white, black, black, black]);
        const cut = await page.evaluate(() => {
          const wide = [...document.querySelectorAll(".prose pre, .prose table, .prose .katex-base, .prose p")];
          return wide.filter((element) => element.getBoundingClientRect().right > innerWidth).map((element) => element.outerHTML.slice(0, 80));
        });
        assert.deepEqual(cut, []);
        assert.equal(await page.locator(".thinking-text .prose").count(), 0); // folded, as on the screen
      },
      { thought: "A thought.", ...options },
    );
  }

  onAnswer("takes as many pages as it needs, and unfolds what is folded", LONG_ANSWER, async (page) => {
    await page.evaluate(() => addEventListener("beforeprint", () => (globalThis.unfolded = document.querySelector("details").open)));
    const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
    const pages = pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;
    assert.ok(pages >= 3 && pages <= 8, `${pages} pages`);
    assert.equal(await page.evaluate(() => globalThis.unfolded), true);
    assert.equal(await page.locator("details").evaluate((details) => details.open), false);
  });

  onAnswer(
    "a diagram is light, whatever the screen is",
    "```mermaid\nflowchart LR\n  Moon --> Tide\n```",
    async (page) => {
      await page.locator("iframe.diagram.drawn").waitFor();
      const frame = page.frames().find((one) => one.url().includes("frames/diagram"));
      const look = () =>
        frame.evaluate(() => {
          const shown = [...document.querySelectorAll("svg")].filter((svg) => svg.checkVisibility());
          const shape = shown[0]?.querySelector(".node rect");
          return [shown.length, getComputedStyle(document.documentElement).colorScheme, shape && getComputedStyle(shape).fill];
        });
      assert.deepEqual((await look()).slice(0, 2), [1, "dark"]);
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      await page.setViewportSize({ width: 720, height: 1000 });
      assert.deepEqual(await look(), [1, "light", "rgb(236, 236, 255)"]);
      assert.ok(await frame.evaluate(() => [...document.querySelectorAll("svg")].every((svg) => svg.getBoundingClientRect().bottom <= innerHeight + 1))); // nothing is cut off
      await page.emulateMedia({ media: "screen", colorScheme: "dark" });
      assert.deepEqual((await look()).slice(0, 2), [1, "dark"]);
    },
    { colorScheme: "dark", viewport: { width: 390, height: 800 }, isMobile: true },
  );

  onAnswer(
    "thinking stands as on the screen",
    "Answer.",
    async (page) => {
      await page.locator(".thinking-head").click();
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.locator(".thinking-text .prose").isVisible(), true);
    },
    { thought: "A thought." },
  );
});

const ROWS = "| Name | Price |\n|---|--:|\n| Tea, green | 3.20 |\n| =1+1 | -2 |";
const LONG_CODE = `\`\`\`python title="tools/run.py"\n${Array.from({ length: 90 }, (_, line) => `x${line} = ${"y + ".repeat(40)}1`).join("\n")}\n\`\`\``;

describe("a block", () => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

  onAnswer(
    "of a table is copied as CSV and as Markdown",
    ROWS,
    async (page) => {
      await page.getByRole("button", { name: "Copy table as CSV" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      assert.equal(await clipboard(page), 'Name,Price\r\n"Tea, green",3.20\r\n\'=1+1,-2');
      await page.getByRole("button", { name: "Copy table as Markdown" }).click();
      await page.getByRole("button", { name: "Copied" }).nth(1).waitFor();
      assert.equal(await clipboard(page), ROWS);
    },
    { permissions },
  );

  onAnswer(
    "of code is copied, wrapped and saved under its own name; a long one is folded when it is opened again",
    LONG_CODE,
    async (page) => {
      await page.getByRole("button", { name: "Copy code" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      assert.equal((await clipboard(page)).split("\n").length, 90);
      const pre = page.locator(".code pre");
      const overflows = () => pre.evaluate((element) => element.scrollWidth > element.clientWidth);
      assert.equal(await overflows(), true);
      await page.getByRole("button", { name: "Wrap long lines" }).click();
      assert.equal(await overflows(), false);
      const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download code" }).click()]);
      assert.equal(saved.suggestedFilename(), "run.py");
      await page.reload();
      await page.getByRole("button", { name: "Show all 90 lines" }).click();
      assert.equal(await page.locator(".folded").count(), 0);
    },
    { permissions },
  );
});
