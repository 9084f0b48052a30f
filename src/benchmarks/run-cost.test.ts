// What is kept as the time of a run that did not come to its end at once: every step that led to the result, once.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../core/config.ts";
import { silent } from "../core/events.ts";
import { unlearnRun } from "../reporting/index.ts";
import { keepEveryState, type TaughtModel, taughtModel } from "../unlearning/fixtures/taught-model.ts";
import { runCost, timedRun } from "./run-cost.ts";
import type { Runner } from "./runner.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
});
afterAll(() => taught[Symbol.dispose]());
const at = (...parts: string[]) => taught.at(...parts);

/** Pretends that every logged step took a hundred seconds. */
function slowDown(run: string) {
  const lines = readFileSync(at(run, "timings.jsonl"), "utf8").trimEnd().split("\n");
  const slow = lines.map((line) => JSON.stringify({ ...JSON.parse(line), seconds: 100 }));
  writeFileSync(at(run, "timings.jsonl"), `${slow.join("\n")}\n`);
  return lines.length;
}

test("a run that goes on pays for the steps before its checkpoint once, and not for what an earlier attempt noted", async () => {
  // Six steps, a checkpoint after every second.
  const config = parseConfig(unlearnRun, { text: JSON.stringify(taught.forgetting({ output: at("run") })) });
  const { events, report } = keepEveryState(at("run"), (event) => at(`left-${event}`));
  await timedRun(config, { report });
  const fifth = events.flatMap((type, i) => (type === "step-end" ? [i + 1] : []))[4];
  rmSync(at("run"), { recursive: true });
  // A copy is made as an event comes: the line of its step is written after that.
  renameSync(at(`left-${(fifth as number) + 1}`), at("run"));
  expect(slowDown("run")).toBe(5);
  writeFileSync(at("run", "cost.json"), '{"seconds":1}\n');
  await timedRun(config, { report: silent, resume: true });
  expect(Math.floor(runCost(at("run")).seconds / 100)).toBe(4);
});

test("of a finished run the time is kept, and found out from its steps where it is missing", async () => {
  const config = parseConfig(unlearnRun, { text: JSON.stringify(taught.forgetting({ output: at("whole") })) });
  await timedRun(config, {});
  const kept = runCost(at("whole")).seconds;
  expect(slowDown("whole")).toBe(6);
  await timedRun(config, { resume: true });
  expect(runCost(at("whole")).seconds).toBe(kept);
  rmSync(at("whole", "cost.json"));
  await timedRun(config, { resume: true });
  expect(Math.floor(runCost(at("whole")).seconds / 100)).toBe(6);
});

test("the time is the run's own: beginning a process is no part of it, and one that died without a word leaves none", async () => {
  const config = parseConfig(unlearnRun, { text: JSON.stringify(taught.forgetting({ output: at("apart") })) });
  mkdirSync(at("apart"));
  const dying = { unlearn: () => Promise.reject(new Error("killed")) };
  await expect(timedRun(config, {}, dying)).rejects.toThrow("killed");
  expect(existsSync(at("apart", "cost.json"))).toBe(false);
  const apart: Pick<Runner, "unlearn"> = {
    unlearn: async (_config, { report }) => {
      report?.({ type: "phase-end", phase: "evaluate before", seconds: 40 });
      report?.({ type: "run-end", outcome: "finished", seconds: 100 });
    },
  };
  await timedRun(config, {}, apart);
  expect(runCost(at("apart")).seconds).toBe(60);
});

test("a step costs what the middle one of all took; memory is what the process held at its largest", async () => {
  const config = parseConfig(unlearnRun, { text: JSON.stringify(taught.forgetting({ output: at("cost") })) });
  await timedRun(config, {});
  const { peakMegabytes } = runCost(at("cost"));
  expect(peakMegabytes).toBeGreaterThan(20);
  expect(peakMegabytes).toBeLessThanOrEqual(process.resourceUsage().maxRSS / 1024 + 1);
  const lines = [9, 1, 2].map((seconds, step) => JSON.stringify({ step, seconds, megabytes: 10 * seconds }));
  writeFileSync(at("cost", "timings.jsonl"), lines.join("\n"));
  expect(runCost(at("cost"))).toMatchObject({ stepSeconds: 2, peakMegabytes: 90 });
});
