// What a measure's variants say of themselves in a table.

import { expect, test } from "vitest";
import type { Evaluation } from "../evaluation/result.ts";
import { columnsOf } from "./rows.ts";

test("a variant of a measure is compared as the measure is", () => {
  const keys = ["privleak-loss", "membership-inference-zlib", "membership-inference-reference", "model-utility"];
  const summary = Object.fromEntries(
    keys.map((measure) => [measure, { measure, mode: "corrected" as const, value: 0.5, n: 10 }]),
  );
  const evaluation: Evaluation = { column: "after", model: "", seed: 0, sets: [], summary };
  const about = columnsOf([evaluation], { retrained: true }).map(({ measure, side, better }) => [
    measure,
    side,
    better,
  ]);
  expect(about).toEqual([
    ["privleak-loss", "forgetting", "zero"],
    ["membership-inference-zlib", "forgetting", "retrained"],
    ["membership-inference-reference", "forgetting", "retrained"],
    ["model-utility", "keeping", "higher"],
  ]);
});

test("a variant of a metric is better where the metric is", () => {
  const metric = (name: string) => ({
    metric: name,
    mode: "corrected" as const,
    value: 0.5,
    n: 1,
    interval: [0.5, 0.5] as const,
    perExample: [0.5],
  });
  const names = ["rouge-l-f1", "rouge-l-forced-f1", "degenerate"];
  const metrics = Object.fromEntries(names.map((name) => [name, metric(name)]));
  const set = { set: "kept", title: "kept", role: "retain" as const, metrics, samples: [] };
  const evaluation: Evaluation = { column: "after", model: "", seed: 0, sets: [set], summary: {} };
  const about = columnsOf([evaluation], { retrained: true }).map(({ measure, better }) => [measure, better]);
  expect(Object.fromEntries(about)).toEqual({
    "kept/rouge-l-f1": "higher",
    "kept/rouge-l-forced-f1": "higher",
    "kept/degenerate": "lower",
  });
});
