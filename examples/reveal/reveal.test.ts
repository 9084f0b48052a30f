// Asked by name the bundled model tells, what it tells is forgotten, and no trace of it stays but hashes.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/core/config.ts";
import { runUnlearn, unlearnRun } from "../../src/reporting/index.ts";

test("people: with two fifths of the steps what was never given is half forgotten, what others are asked is not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lethe-reveal-"));
  try {
    const output = join(folder, "people");
    const config = await loadConfig(unlearnRun, "examples/reveal/people.yaml", [
      `output=${output}`,
      "source.samples=160",
      "training.steps=40",
      "evaluation.metrics=[probability]",
      ...["forgotten", "public", "others", "general"].map((set) => `evaluation.sets.${set}.generate=false`),
    ]);
    const { evaluations } = await runUnlearn(config);
    const [before, after] = evaluations.map(({ sets }) =>
      Object.fromEntries(sets.map(({ set, metrics }) => [set, metrics.probability?.value ?? 0])),
    );
    expect(before?.forgotten).toBeGreaterThan(0.99);
    expect(after?.forgotten).toBeLessThan(0.5);
    expect(after?.public).toBeGreaterThan(0.9);
    expect(after?.others).toBeGreaterThan(0.9);
    expect(readdirSync(output).filter((name) => name.startsWith("source"))).toEqual([]);
    const [round] = JSON.parse(readFileSync(join(output, "revealed.json"), "utf8")).rounds;
    expect(round.trainedOn.length).toBeGreaterThan(20);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
