// The section on a plan's rounds: that it says what plan.json says, and what it says when there is nothing.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fixtureRun, writeRunFolder } from "../../../test/fixtures/run-fixture.ts";
import type { IterateFound } from "../../unlearning/plans/iterate-found.ts";
import { renderReport } from "../report.ts";
import { readRunFolder } from "../run-folder.ts";

const found: IterateFound = {
  plan: "iterate",
  measure: "perplexity",
  budget: 0.1,
  before: 2,
  rounds: [
    {
      round: 1,
      texts: 40,
      score: 0.9,
      forget: { before: 0.96, after: 0.5 },
      coefficient: 0.35,
      retain: 2.08,
      tried: [],
    },
    {
      round: 2,
      texts: 31,
      score: 0.4,
      forget: { before: 0.52, after: 0.125 },
      coefficient: 0.2,
      retain: 2.18,
      shared: { forget: { smallestAngle: 40, overlap: 0.31, chance: 0.125 } },
      tried: [],
    },
  ],
  kept: true,
  ended: "the source finds nothing more to train on",
};

async function pageOf(plan: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "lethe-rounds-"));
  try {
    await writeRunFolder(folder, fixtureRun());
    writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
    return renderReport(await readRunFolder(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The section's text, tags left out. */
const textOf = (page: string) =>
  page
    .slice(page.indexOf('<section id="rounds"'))
    .split("</section>")[0]
    ?.replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ") ?? "";

test("every round stands in the plot and in the table, with what it shares beside chance, and why there is no third", async () => {
  const page = await pageOf(found);
  const text = textOf(page);
  expect(page.match(/(?<=<title>)round [^<]*/g)).toEqual([
    "round 1: 0.500 of its text still said, perplexity 2.08",
    "round 2: 0.125 of its text still said, perplexity 2.18",
  ]);
  expect(text).toMatch(/ 1 40 0\.900 0\.350 0\.960 0\.500 2\.08 /);
  expect(text).toMatch(/ 2 31 0\.400 0\.200 0\.520 0\.125 2\.18 0\.310 \(0\.125\) /);
  expect(text).toContain("began at 2.00 and may get worse by 10.0 % in all");
  expect(text).toContain("It ended: the source finds nothing more to train on. Each round's result lies in rounds/");
  expect(textOf(await pageOf({ ...found, kept: false }))).not.toContain("result lies in");
});

test("where no round was taken the section says why, and other plans have none", async () => {
  const text = textOf(await pageOf({ ...found, rounds: [], ended: "already λ = 5 costs more" }));
  expect(text).toContain("No round was taken: already λ = 5 costs more.");
  expect(await pageOf({ plan: "negate", coefficient: 1 })).not.toContain('<section id="rounds"');
});

test("a damaged plan.json is named, with its key", async () => {
  await expect(pageOf({ ...found, budget: "much" })).rejects.toThrow(/plan\.json: budget: /);
});
