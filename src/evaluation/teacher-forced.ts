// One teacher-forced pass over a set: log-probabilities and predictions of every labelled token, shared by all metrics that need them.

import type { EncodedExample } from "../data/encoding.ts";
import type { Model } from "../models/model.ts";
import { createStageRunner, type StageRunner } from "../models/stage-runner.ts";
import { assembleLossBatch, type BatchItem } from "../training/loss-batch.ts";
import type { TeacherForcedExample } from "./metrics/index.ts";

/** Measures examples of similar length together; results come in the examples' order. */
export async function teacherForced(
  model: Model,
  examples: readonly EncodedExample[],
  options: {
    readonly batchSize: number;
    readonly endId: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<TeacherForcedExample[]> {
  const runner = createStageRunner(model);
  const order = examples.map((example, index) => ({ example, index }));
  order.sort((a, b) => a.example.ids.length - b.example.ids.length || a.index - b.index);
  const results = new Array<TeacherForcedExample>(examples.length);
  for (let start = 0; start < order.length; start += options.batchSize) {
    options.signal?.throwIfAborted();
    await measure(runner, order.slice(start, start + options.batchSize), options.endId, results);
  }
  return results;
}

async function measure(
  runner: StageRunner,
  items: readonly BatchItem[],
  endId: number | undefined,
  results: TeacherForcedExample[],
): Promise<void> {
  const batch = assembleLossBatch({ forget: items });
  const branch = batch.branches.forget;
  if (!branch) return;
  using pass = await runner.forward(batch.tokens);
  const { nll, prediction } = await runner.quantities(pass, branch, ["nll", "prediction"]);
  let row = 0;
  items.forEach(({ index }, i) => {
    const end = row + (branch.counts[i] as number);
    const labels = branch.labels.slice(row, end);
    results[index] = {
      labels,
      logProbabilities: (nll as Float32Array).slice(row, end).map((x) => -x),
      predictions: (prediction as Float32Array).slice(row, end),
      hasEnd: endId !== undefined && labels.at(-1) === endId,
    };
    row = end;
  });
}
