// What the search sees of an instruction: the model's last hidden state after reading it, and how often it was asked. Knows nothing of rewards.

import type { StageRunner } from "../../../models/stage-runner.ts";

/** Prompts read together. */
const batchPrompts = 32;

/** Hidden state at the last token of each prompt, after the final norm, [hidden]. Prompts of like lengths are read together. */
export async function lastStates(
  runner: StageRunner,
  prompts: readonly Int32Array[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const { maxPositions, hiddenSize } = runner.model.config;
  const order = prompts.map((ids, index) => ({ ids, index })).sort((a, b) => a.ids.length - b.ids.length);
  const states = new Array<Float32Array>(prompts.length);
  for (let start = 0; start < order.length; start += batchPrompts) {
    signal?.throwIfAborted();
    const items = order.slice(start, start + batchPrompts);
    const seq = 8 * Math.ceil((items.at(-1)?.ids.length ?? 1) / 8);
    const shape = { batch: items.length, seq: Math.min(seq, maxPositions) };
    const ids = new Int32Array(shape.batch * shape.seq);
    items.forEach((item, row) => {
      ids.set(item.ids, row * shape.seq);
    });
    using pass = await runner.forward({ ...shape, ids });
    const rows = Int32Array.from(items, (item, row) => row * shape.seq + item.ids.length - 1);
    const all = await runner.hiddenRows(pass, rows);
    items.forEach((item, row) => {
      states[item.index] = all.slice(row * hiddenSize, (row + 1) * hiddenSize);
    });
  }
  return states;
}

/** log(1 + times): an instruction that has told its answer tells it again, and that is not new. */
export function withTimesAsked(state: Float32Array, times: number): Float32Array {
  const context = new Float32Array(state.length + 1);
  context.set(state);
  context[state.length] = Math.log1p(times);
  return context;
}
