// The report as a browser shows it. Needs Chromium: the Debian package, or CHROMIUM_PATH.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtureRun } from "../../test/fixtures/run-fixture.ts";
import type { RunSummary } from "./index.ts";
import { renderReport } from "./report.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const missing = existsSync(executablePath) ? "" : ` (skipped: no Chromium at ${executablePath}; set CHROMIUM_PATH)`;
const flags =
  "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync";

/** Contrast ratio (WCAG 2.2, 1.4.3) of every element that has text of its own, with what it says; SVG text by its fill. Runs in the page. */
const contrasts = `(() => {
  const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const own = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  return [...document.body.querySelectorAll("*")]
    .filter((e) => own(e) && !e.closest("script, title") && e.getClientRects().length > 0)
    .map((e) => {
      const style = getComputedStyle(e);
      const front = luminance(parse(e instanceof SVGElement ? style.fill : style.color));
      const back = luminance(behind(e));
      return { text: e.textContent.trim().slice(0, 40), ratio: (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05) };
    });
})()`;

describe.skipIf(missing !== "")(`the report in Chromium${missing}`, () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: flags.split(" ") });
    folder = await mkdtemp(join(tmpdir(), "lethe-report-"));
  });
  afterAll(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  /** Opens the report from disk and collects everything that it complains about or asks for. */
  async function open(run: RunSummary, options: BrowserContextOptions = {}): Promise<{ page: Page; heard: string[] }> {
    const file = join(folder, "report.html");
    await writeFile(file, renderReport(run));
    const page = await browser.newPage(options);
    const heard: string[] = [];
    const address = pathToFileURL(file).href;
    page.on("console", (message) => heard.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => heard.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      heard.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (request.url() !== address) heard.push(`request: ${request.url()}`);
    });
    await page.goto(address);
    return { page, heard };
  }

  test("opens from a file without a word on the console and without any request", async () => {
    const { page, heard } = await open(fixtureRun());
    expect(await page.title()).toBe("forget-ten-people · Lethe report");
    expect(await page.locator(".headline").isVisible()).toBe(true);
    expect(await page.locator(".headline").textContent()).toBe("Over-forgotten, the rest kept");
    expect(await page.locator(".sentence").textContent()).toContain(
      "(n\u00a0=\u00a0160), with 0.090 for a model retrained",
    );
    expect(await page.locator(".measures tbody tr:not(.group)").count()).toBe(13);
    expect(await page.locator(".answer").count()).toBe(24);
    expect(await page.locator(".distribution").count()).toBe(5);
    expect(heard).toEqual([]);
  });

  test("its script switches the measure of the trade-off plot, by keyboard too", async () => {
    const { page } = await open(fixtureRun());
    const shown = () =>
      page.locator(".trade-off").evaluateAll((figures) => figures.map((figure) => figure.getClientRects().length > 0));
    expect(await shown()).toEqual([true, false]);
    await page.getByRole("button", { name: "Exact memorisation" }).focus();
    await page.keyboard.press("Enter");
    expect(await shown()).toEqual([false, true]);
    expect(await page.getByRole("button", { pressed: true }).textContent()).toBe("Exact memorisation");
  });

  test("is whole without its script", async () => {
    const { page } = await open(fixtureRun(), { javaScriptEnabled: false });
    expect(await page.locator(".trade-off > svg:visible").count()).toBe(2);
  });

  test.each([360, 768, 1280])("does not scroll sideways at %d px", async (width) => {
    const { page } = await open(fixtureRun({ evaluations: hostile().evaluations }), {
      viewport: { width, height: 740 },
    });
    await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
    const widths = (await page.evaluate(
      "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
    )) as number[];
    expect(widths).toEqual([width, width]);
  });

  test.each(["light", "dark"] as const)("every text has a contrast of at least 4.5 in %s", async (colorScheme) => {
    const { page } = await open(fixtureRun({ notices: ["A notice."] }), { colorScheme });
    await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
    const found = (await page.evaluate(contrasts)) as { text: string; ratio: number }[];
    expect(found.length).toBeGreaterThan(200);
    expect(found.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    const body = (await page.evaluate("getComputedStyle(document.body).backgroundColor")) as string;
    expect(body).toBe(colorScheme === "dark" ? "rgb(21, 23, 26)" : "rgb(251, 250, 247)");
  });

  test("plots say in words what they show, and headings do not skip a level", async () => {
    const { page } = await open(fixtureRun());
    const labels = await page
      .locator('svg[role="img"]')
      .evaluateAll((plots) => plots.map((plot) => plot.getAttribute("aria-label") ?? ""));
    expect(labels).toHaveLength(10);
    for (const label of labels) expect(label.length).toBeGreaterThan(30);
    const levels = await page
      .locator("h1, h2, h3, h4")
      .evaluateAll((heads) => heads.map((head) => Number(head.tagName.slice(1))));
    for (const [index, level] of levels.entries()) expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 0) + 1);
  });

  test("shows hostile answers as the text they are", async () => {
    const run = hostile();
    const { page, heard } = await open(run);
    expect(heard).toEqual([]);
    expect(await page.locator("img, iframe, object").count()).toBe(0);
    expect(await page.locator("h1").textContent()).toBe(run.name);
    await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
    const shown = await page
      .locator(".answers")
      .first()
      .locator(".speech.after p")
      .evaluateAll((all) => all.map((p) => p.textContent));
    expect(shown).toEqual(nasty.map((text) => (text === "" ? "(empty)" : text)));
  });

  test("a long answer gets a box of its own that the keyboard reaches", async () => {
    const { page } = await open(hostile());
    await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
    const box = page.locator(".speech.after .long").first();
    expect(await box.evaluate((element) => element.scrollHeight > element.clientHeight)).toBe(true);
    await box.focus();
    expect(await box.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  });
});

const nasty = [
  `</script><script>alert("script")</script>`,
  `<img src=x onerror='alert("img")'>`,
  `"' onmouseover="alert(1)" x='`,
  "</style><style>body{display:none}</style><!-- <![CDATA[ {{alert(1)}} `",
  "שלום עולם, مرحبا \u202ereversed",
  "👩‍🚀🇳🇴 &amp; &lt;b&gt; 𝒳",
  "",
  "word ".repeat(2000),
  "x".repeat(10_000),
];

function hostile(): RunSummary {
  const run = fixtureRun({ name: nasty[0] ?? "", config: `a: ${JSON.stringify(nasty[0])}\n` });
  const evaluations = run.evaluations.map((evaluation) => ({
    ...evaluation,
    sets: evaluation.sets.map((set) => ({
      ...set,
      title: `${set.title} ${nasty[1]}`,
      samples: nasty.map((text, index) => ({
        question: `${index} ${text}`,
        expected: text,
        generated: evaluation.column === "after" ? text : `other ${text}`,
      })),
    })),
  }));
  return { ...run, evaluations };
}
