// `lethe quickstart` keeps its promise: ten people are forgotten to the level of a model that never knew them, everything else is kept.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import type { Evaluation } from "../src/evaluation/result.ts";

const bin = fileURLToPath(new URL("../bin/lethe.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "lethe-quickstart-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

test("quickstart forgets ten people, keeps the rest, and runs from any folder", { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [bin, "quickstart", "--json"], {
    cwd: folder,
    maxBuffer: 1 << 28,
  });
  const result = JSON.parse(stdout.trim().split("\n").at(-1) as string) as {
    folder: string;
    evaluations: Evaluation[];
  };
  const column = (name: string) => result.evaluations.find((each) => each.column === name) as Evaluation;
  const exact = (name: string, set: string) =>
    column(name).sets.find((each) => each.set === set)?.metrics["exact-answer"]?.value as number;

  for (const set of ["forgotten", "forgotten-held-out", "public", "others", "general"]) {
    expect(exact("before", set), `before, ${set}`).toBeGreaterThanOrEqual(0.95);
  }
  for (const set of ["forgotten", "forgotten-held-out"]) {
    expect(exact("retrained", set)).toBeLessThan(0.15);
    expect(exact("after", set), `after, ${set}`).toBeLessThanOrEqual(exact("retrained", set) + 0.05);
  }
  for (const set of ["public", "others", "general"]) {
    expect(exact("after", set), `after, ${set}`).toBeGreaterThanOrEqual(0.9);
  }

  const run = join(folder, "runs/quickstart");
  const page = await readFile(join(run, "report.html"), "utf8");
  expect(page).toContain("forgotten people");
  for (const file of [
    "config.yaml",
    "manifest.json",
    "metrics.jsonl",
    "model/model.safetensors",
    "model/tokenizer.json",
  ]) {
    expect(existsSync(join(run, file)), file).toBe(true);
  }
});
