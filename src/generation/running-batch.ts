// A batch that rows join and leave while it goes on, each at its own position: what a server needs. Knows neither sampling, nor when a text ends, nor queues.
//
// The cache is allocated once for the most rows there may be, and rows are kept together at its start. A step computes only as many as a bucket over
// the living ones, through views of the first part of the same memory; a prompt is read into a view of one row. Nothing is copied but a row that
// takes the place of one that left.

import { RuntimeFailure } from "../core/errors.ts";
import type { Model } from "../models/model.ts";
import type { Value } from "../runtime/backend.ts";
import { checkPrompts } from "./check-prompts.ts";
import { bucket, bucketPositions, type CacheLayer, createKvCache, type KvCache } from "./kv-cache.ts";
import { readPrompts } from "./prompt-pass.ts";
import { createRotations } from "./rotations.ts";
import type { StagePrograms } from "./stage-programs.ts";
import type { HeadOutput } from "./step-graphs.ts";
import { createStepRunner, type StepRunner } from "./step-runner.ts";

export interface RunningBatchOptions {
  /** Most rows at one time. */
  readonly rows: number;
  /** Most tokens of a row, prompt included. Default: the model's positions. */
  readonly positions?: number | undefined;
}

/** Rows are numbered from 0. Its methods are called one after the other. */
export interface RunningBatch extends Disposable {
  readonly rows: number;
  /** Tokens that a row may have read. */
  readonly capacity: number;
  /**
   * Reads a prompt as a new row, which gets the highest number; returns the logits of its next token, [vocabulary], the caller's own.
   * @throws ModelError as `Decoder.begin`; RuntimeFailure when there is no room for a row.
   */
  join(prompt: Int32Array, signal?: AbortSignal): Promise<Float32Array>;
  /** Ends a row. The row of the highest number takes its number. */
  leave(row: number): void;
  /** Reads one more token per row; returns each row's logits of the next one, [vocabulary]: views that the next step overwrites. */
  step(tokens: ArrayLike<number>): Promise<Float32Array[]>;
  /** The same, but returns the most likely next token of each row, the lowest id when several are. */
  stepToLikeliest(tokens: ArrayLike<number>): Promise<Int32Array>;
  dispose(): void;
}

export function createRunningBatch(
  model: Model,
  programs: StagePrograms,
  { rows: mostRows, positions = model.config.maxPositions }: RunningBatchOptions,
): RunningBatch {
  const { backend, config } = model;
  if (backend.name === "ort-webgpu") {
    throw new RuntimeFailure(
      "rows join and leave a batch in main memory only, and this model is on a graphics processor",
      {
        hint: "Open the model on the processor.",
      },
    );
  }
  const capacity = bucketPositions(positions, config.maxPositions);
  const rotations = createRotations(model, capacity);
  const cache = createKvCache(backend, config, bucket(mostRows), capacity);
  const views = new Map<string, KvCache>();
  const runners = new Map<string, StepRunner>();
  /** By row: how many tokens it has read. */
  const lengths: number[] = [];

  /** The cache of `count` rows from `first` on, in the same memory. */
  async function viewOf(first: number, count: number): Promise<KvCache> {
    const key = `${first} ${count}`;
    let view = views.get(key);
    if (!view) {
      const part = async (whole: Value) => {
        const data = (await backend.read(whole)) as Float32Array;
        const size = data.length / cache.batch;
        return backend.value(data.subarray(first * size, (first + count) * size), [count, ...whole.shape.slice(1)]);
      };
      const layers: CacheLayer[] = [];
      for (const { keys, values } of cache.layers) layers.push({ keys: await part(keys), values: await part(values) });
      const dispose = () => layers.forEach(disposeLayer);
      view = { batch: count, capacity, layers, dispose, [Symbol.dispose]: dispose };
      views.set(key, view);
    }
    return view;
  }

  async function runnerOf(batch: number, output: HeadOutput): Promise<StepRunner> {
    const key = `${batch} ${output}`;
    let runner = runners.get(key);
    if (!runner) {
      const stages = await programs.stages({ batch, seq: 1 }, "step", capacity, output);
      runner = createStepRunner(model, stages, await viewOf(0, batch), rotations.byLayer, output);
      runners.set(key, runner);
    }
    return runner;
  }

  async function run(tokens: ArrayLike<number>, output: HeadOutput): Promise<StepRunner> {
    if (tokens.length !== lengths.length) throw new Error(`${tokens.length} tokens for ${lengths.length} rows`);
    const full = lengths.findIndex((length) => length >= capacity);
    if (full >= 0) throw new Error(`row ${full} is full: it has ${capacity} positions`);
    const batch = bucket(lengths.length);
    const runner = await runnerOf(batch, output);
    // Rows that only fill the bucket write to position 0 of memory that nobody reads.
    const ids = Int32Array.from({ length: batch }, (_, row) => tokens[row] ?? 0);
    await runner.run(
      ids,
      Int32Array.from({ length: batch }, (_, row) => lengths[row] ?? 0),
    );
    lengths.forEach((length, row) => {
      lengths[row] = length + 1;
    });
    return runner;
  }

  /** Copies what row `from` has read to row `to`: [kvHeads, length, size] of [kvHeads, capacity, size]. */
  async function move(from: number, to: number, length: number): Promise<void> {
    for (const whole of cache.layers.flatMap(({ keys, values }) => [keys, values])) {
      const data = (await backend.read(whole)) as Float32Array;
      const [, heads, , size] = whole.shape as [number, number, number, number];
      for (let head = 0; head < heads; head++) {
        const start = (from * heads + head) * capacity * size;
        data.copyWithin((to * heads + head) * capacity * size, start, start + length * size);
      }
    }
  }

  let moves = Promise.resolve();
  const dispose = () => {
    for (const owned of [...runners.values(), ...views.values(), cache, rotations]) owned.dispose();
    runners.clear();
    views.clear();
  };
  return {
    get rows() {
      return lengths.length;
    },
    capacity,
    async join(prompt, signal) {
      await moves;
      checkPrompts(model, [prompt]);
      if (lengths.length >= mostRows) throw new RuntimeFailure(`the batch has ${mostRows} rows, and no more fit`);
      if (prompt.length > capacity) throw new Error(`a prompt of ${prompt.length} tokens in rows of ${capacity}`);
      const view = await viewOf(lengths.length, 1);
      using result = await readPrompts(model, programs, [prompt], view, rotations, "logits", signal);
      const logits = ((await backend.read(result)) as Float32Array).slice();
      lengths.push(prompt.length);
      return logits;
    },
    leave(row) {
      const last = lengths.length - 1;
      const length = lengths[last] as number;
      lengths.pop();
      if (row === last) return;
      lengths[row] = length;
      moves = moves.then(() => move(last, row, length));
    },
    async step(tokens) {
      await moves;
      const { result } = await run(tokens, "logits");
      const all = (await backend.read(result)) as Float32Array;
      const n = config.vocabularySize;
      return lengths.map((_, row) => all.subarray(row * n, (row + 1) * n));
    },
    async stepToLikeliest(tokens) {
      await moves;
      const { result } = await run(tokens, "token");
      return ((await backend.read(result)) as Int32Array).slice(0, lengths.length);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function disposeLayer({ keys, values }: CacheLayer): void {
  keys.dispose();
  values.dispose();
}
