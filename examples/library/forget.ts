// Unlearning from code: the bundled mini model forgets the private facts of ten people, measured before and after and against a model
// that never knew them. The same as a YAML file for `lethe unlearn`.

import { unlearn } from "lethe/reporting";

/** Returns probability of the forgotten and of the kept answers, before and after `steps` optimiser steps. */
export async function forget(output: string, steps = 80) {
  const people = (split: string) => ({ path: "models/mini/data.yaml", split });
  const run = await unlearn({
    model: "models/mini/full",
    objective: { name: "npo", beta: 0.35 },
    scope: "all",
    forget: people("forget"),
    retain: people("train-without"),
    training: { steps, batchSize: 32, learningRate: 1e-3, schedule: "cosine", warmup: 3 },
    evaluation: {
      metrics: ["probability"],
      sets: {
        forgotten: { data: people("forget-held-out"), role: "forget" },
        kept: { data: people("public-of-forgotten"), role: "retain" },
      },
      retrained: "models/mini/without",
    },
    output,
  });
  const table: Record<string, Record<string, number | undefined>> = {};
  for (const { column, sets } of run.evaluations) {
    table[column] = Object.fromEntries(sets.map(({ set, metrics }) => [set, metrics.probability?.value]));
  }
  return table;
}
