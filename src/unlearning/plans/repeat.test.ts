// Rounds of training on a tiny taught model: each asks the model as the round before left it.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { TaskEvent } from "../../core/events.ts";
import { hashWeights } from "../../models/weights-hash.ts";
import { context, type TaughtModel, taughtModel } from "../fixtures/taught-model.ts";
import { sources } from "../sources/index.ts";
import { defineSource, type Source } from "../sources/source.ts";
import { unlearn } from "../unlearn.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
});
afterAll(() => taught[Symbol.dispose]());

let asked: string[] = [];
const telling = defineSource({
  name: "telling",
  summary: "says less each time",
  paper: "",
  options: z.strictObject({ texts: z.array(z.number()) }),
  prepare:
    ({ forget, session }, { texts }) =>
    async ({ round }) => {
      asked.push(await hashWeights(session.model));
      return { records: forget.slice(0, texts[round - 1]) };
    },
});
sources.add("telling", { value: telling as unknown as Source });

/** @returns plan.json and what was said on the way. */
async function repeated(name: string, change: object) {
  asked = [];
  const notes: TaskEvent[] = [];
  const report = (event: TaskEvent) => void notes.push(event);
  const output = taught.at(name);
  await unlearn(taught.forgetting({ objective: "grad-diff", output, ...change }), "", context(report));
  return { found: JSON.parse(readFileSync(taught.at(name, "plan.json"), "utf8")), notes };
}

test("each round asks the model as the round before left it and forgets what it tells, until it tells nothing", async () => {
  const source = { name: "telling", texts: [3, 2, 0] };
  const training = { steps: 12, batchSize: 3, learningRate: 0.01 };
  const { found } = await repeated("rounds", { plan: { name: "repeat", rounds: 4 }, source, training });
  expect(new Set(asked).size).toBe(3);
  expect(found.rounds.map(({ texts }: { texts: number }) => texts)).toEqual([3, 2]);
  for (const { forget } of found.rounds) expect(forget.after).toBeLessThan(forget.before);
  expect(found.ended).toBe("the source finds nothing more to train on");
});

test("one round is plan once to the byte", async () => {
  await repeated("one", { plan: { name: "repeat", rounds: 1 } });
  await unlearn(taught.forgetting({ objective: "grad-diff", output: taught.at("once") }), "", context());
  const weights = (run: string) => readFileSync(taught.at(run, "model", "model.safetensors"), "hex");
  expect(weights("one")).toBe(weights("once"));
});

test("a model that says nothing from the start is left as it is, with a warning", async () => {
  const { found, notes } = await repeated("nothing", { plan: { name: "repeat", until: 1 } });
  expect(found.rounds).toEqual([]);
  expect(notes).toContainEqual({ type: "warning", text: expect.stringContaining("at most the 1 of plan.until") });
});
