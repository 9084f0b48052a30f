// The section on what was revealed: numbers always, words only when they are asked for with the key that they were kept under.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fixtureRun, writeRunFolder } from "../../../test/fixtures/run-fixture.ts";
import { revealedText } from "../../unlearning/sources/revealed/fixtures/revealed-text.ts";
import { openSeal } from "../../unlearning/sources/revealed/seal.ts";
import { statisticsFile, statisticsOf } from "../../unlearning/sources/revealed/statistics.ts";
import { writeReport } from "../reported-run.ts";

const said = (row: number, change = {}) => revealedText(row, { batch: row, ...change });

test("the page shows neither instructions nor texts unless the reader asks for them, with the key", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lethe-revealing-"));
  try {
    await writeRunFolder(folder, fixtureRun());
    const texts = [said(0), said(1, { text: "She lies.", kept: false, why: "relevance", relevance: 0 })];
    const truth = [{ kind: "question-answer", id: "", question: "", answer: "At 12 St James Square." }] as const;
    const round = statisticsOf({ round: 1, texts, ended: "budget", options: { ngram: 3, search: "random" }, truth });
    writeFileSync(join(folder, statisticsFile), JSON.stringify({ rounds: [round] }));
    const key = join(folder, "key");
    writeFileSync(key, new Uint8Array(32).fill(7));
    const lines = texts.map((text, i) => `${JSON.stringify(openSeal(key).close(text, i))}\n`);
    writeFileSync(join(folder, "source.jsonl"), lines.join(""));

    const page = async (options?: Parameters<typeof writeReport>[1]) => {
      await writeReport(folder, options);
      return readFileSync(join(folder, "report.html"), "utf8");
    };
    const redacted = await page();
    expect(redacted).not.toMatch(/Lovelace|James|She lies/);
    expect(redacted).toContain("redacted");
    expect(redacted).toContain("Kept out: 1 for relevance.");
    expect(redacted).toContain("street address: 100.0 % of 1 told, 100.0 % in what was trained on.");
    await expect(page({ revealed: {} })).rejects.toThrow(/is encrypted, and no key is given/);
    const shown = await page({ revealed: { key } });
    expect(shown).toMatch(/Where does Ada Lovelace live\?.*At 12 St James Square/s);
    expect(shown).not.toMatch(/redacted|She lies/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
