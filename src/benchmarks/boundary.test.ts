// The scope's boundary as a curve: bins by nearness, the values of their records.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Evaluation } from "../evaluation/index.ts";
import { type Boundary, openBoundary } from "./boundary.ts";
import { type TinyBenchmark, tinyBenchmark } from "./fixtures/tiny-benchmark.ts";
import { runBenchmark } from "./run.ts";
import { namedSets } from "./sets.ts";

let tiny: TinyBenchmark;
let boundary: Boundary;
// Kept questions ask where 0 … 5 live or for capitals 0 … 3, forgotten ones where 12 … 15 live.
const asked = "boundary={ kept: retain, forgotten: forget, metric: probability, bins: 2 }";
beforeAll(async () => {
  tiny = tinyBenchmark();
  const { value } = await tiny.load(asked);
  const sets = namedSets(value, tiny.at());
  const records = { ...value.evaluation.sets.retain, data: ["retain-asked", "world"] };
  const evaluation = sets.evaluation({ ...value.evaluation, sets: { retain: records } } as typeof value.evaluation);
  boundary = await openBoundary(value.boundary as NonNullable<typeof value.boundary>, { evaluation, sets });
});
afterAll(() => tiny[Symbol.dispose]());

const evaluation = (perExample: readonly (number | null)[]) =>
  ({ sets: [{ set: "retain", metrics: { probability: { perExample } } }] }) as unknown as Evaluation;

test("bins hold about equally many questions from far to near; equally near ones stay together", () => {
  const [far, near, ...more] = boundary.result.bins;
  expect(more).toEqual([]);
  // Words where, does, live and the pair where-does of 7 + 7 − 4.
  expect(near).toMatchObject({ n: 6, from: 4 / 10, to: 4 / 10 });
  expect(far).toMatchObject({ n: 4, from: 0, to: 0 });
});

test("a bin's value is the mean of its records; what is undefined for a record does not count", () => {
  const cells = boundary.cellsOf(evaluation([0.2, 0.4, null, 0.4, 0.4, 0.6, 1, 1, 0, 0]));
  expect(cells["boundary-2"]).toMatchObject({ value: expect.closeTo(0.4, 9), n: 5 });
  expect(cells["boundary-1"]).toMatchObject({ value: 0.5, n: 4 });
  expect(boundary.cellsOf({ sets: [] } as unknown as Evaluation)).toEqual({});
});

test("a boundary that nothing measures is refused with the nearest name", async () => {
  const refused = tiny.load("boundary={ kept: retian, forgotten: forget, metric: probability }").then(runBenchmark);
  await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining("retain/probability") });
});
