// What the run does for a plan that trains more than once: steps are numbered on, and a killed run repeats no training that was done.

import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { context, keepEveryState, type TaughtModel, taughtModel } from "../fixtures/taught-model.ts";
import { unlearn } from "../unlearn.ts";
import { plans } from "./index.ts";
import { definePlan, type Plan } from "./plan.ts";
import { rememberWeights, taskVector } from "./task-vector.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
});
afterAll(() => taught[Symbol.dispose]());
const at = (...parts: string[]) => taught.at(...parts);

/** Trains three times and halves after the first and the second time what the training did. */
const thrice = definePlan({
  name: "thrice",
  summary: "",
  paper: "",
  options: z.strictObject({}),
  needsRetain: () => false,
  async run({ model, trainable, gather }) {
    const { train } = await gather(1);
    for (const round of [1, 2]) {
      const before = await rememberWeights(model, trainable);
      await train({ goesOn: true });
      await (await taskVector(model, trainable, before)).apply(round / 2 - 1);
    }
    await train();
  },
});
plans.add("thrice", { value: thrice as unknown as Plan });

test("killed in any of three trainings, or between them, a run ends in the bytes of one that was not", async () => {
  const config = taught.forgetting({ objective: "ga", plan: "thrice", output: at("run") });
  const results = () =>
    ["metrics.jsonl", "model/model.safetensors"].map((name) => readFileSync(at("run", name), "hex"));
  const { events, report } = keepEveryState(at("run"), (event) => at(`left-${event}`));
  await unlearn(config, "", context(report));
  const whole = results();
  const steps = readFileSync(at("run", "metrics.jsonl"), "utf8").trimEnd().split("\n");
  expect(steps.map((line) => JSON.parse(line).step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));

  const stepEnds = events.flatMap((type, i) => (type === "step-end" ? [i + 1] : []));
  // Killed after so many steps, the run does again what came after the last checkpoint: one every second step, and each training's end.
  const cases = [
    { killedAfter: 5, repeated: 14 },
    { killedAfter: 7, repeated: 12 },
    { killedAfter: 12, repeated: 8 },
    { killedAfter: 15, repeated: 4 },
  ];
  for (const { killedAfter, repeated } of cases) {
    rmSync(at("run"), { recursive: true });
    renameSync(at(`left-${stepEnds[killedAfter - 1]}`), at("run"));
    let done = 0;
    await unlearn(
      config,
      "",
      context((event) => {
        if (event.type === "step-end") done++;
      }, true),
    );
    expect(results(), `killed after ${killedAfter} steps`).toEqual(whole);
    expect(done, `killed after ${killedAfter} steps`).toBe(repeated);
  }
  expect(existsSync(at("run", "checkpoints"))).toBe(false);
});

test("only a training that nothing follows is measured on its way", async () => {
  const measured: (readonly [step: number, moment: string])[] = [];
  const evaluator = async () => ({
    every: 2,
    files: [],
    at: async (step: number, moment: string) => void measured.push([step, moment]),
  });
  const config = taught.forgetting({ objective: "ga", plan: "thrice", output: at("measured") });
  await unlearn(config, "", { ...context(), evaluator });
  expect(measured).toEqual([
    [0, "before"],
    [14, "during"],
    [16, "during"],
    [18, "after"],
  ]);
});
