// Reads prompts into a cache and then one token per row and step; gives the most likely next tokens, or the logits. Rows that are done can be dropped.
// Knows neither sampling, nor when a text ends, nor text.

import { RuntimeFailure } from "../core/errors.ts";
import type { Model } from "../models/model.ts";
import type { Value } from "../runtime/backend.ts";
import { checkPrompts } from "./check-prompts.ts";
import { bucket, bucketPositions, createKvCache, type KvCache, keepRows } from "./kv-cache.ts";
import { readPrompts } from "./prompt-pass.ts";
import { createRotations } from "./rotations.ts";
import { createRunningBatch, type RunningBatch, type RunningBatchOptions } from "./running-batch.ts";
import { createStagePrograms, type StagePrograms } from "./stage-programs.ts";
import type { HeadOutput } from "./step-graphs.ts";
import { createStepRunner, type StepRunner } from "./step-runner.ts";
import { createTokenReader, type TokenReader } from "./token-reader.ts";

/** Rows being continued. Everything it holds is given back by `dispose`; its methods are called one after the other. */
export interface DecodingBatch extends Disposable {
  readonly rows: number;
  /** Most likely next token of each row, the lowest id when several are. Only for output "token". */
  tokens(): Promise<Int32Array>;
  /** Each row's logits of the next token, [vocabulary]. Views that the next step overwrites; writing into them harms nothing. Only for output "logits". */
  logits(): Promise<Float32Array[]>;
  /** Reads one more token per row. */
  step(tokens: ArrayLike<number>, signal?: AbortSignal): Promise<void>;
  /** Drops all rows but these, which are renumbered in this order. The batch shrinks when a smaller one fits; read the last results before. */
  keep(rows: readonly number[]): Promise<void>;
  dispose(): void;
}

export interface BeginOptions {
  /** Largest number of tokens that any row will have read at the end. Default: the model's `maxPositions`. */
  readonly positions?: number;
  /** Default "token". */
  readonly output?: HeadOutput;
  readonly signal?: AbortSignal | undefined;
}

/** Compiled programs for one model, and float32 copies of its 16-bit weights. They stay until it is disposed, so keep it for many calls. */
export interface Decoder extends Disposable {
  readonly model: Model;
  /**
   * Reads prompts of any lengths as one batch, with the weights that the model has now.
   * @throws ModelError for an empty prompt, one longer than the model's positions, or a token outside its vocabulary.
   */
  begin(prompts: readonly Int32Array[], options?: BeginOptions): Promise<DecodingBatch>;
  /** A batch that rows join and leave while it runs. @throws RuntimeFailure on a device whose memory is not the processor's. */
  beginRunning(options: RunningBatchOptions): RunningBatch;
  /** A reader of one text of up to `positions` tokens, as far as the model knows positions. */
  reader(positions: number): TokenReader;
  dispose(): void;
}

export interface DecoderOptions {
  /** Bytes for float32 copies of 16-bit weights, which make every step faster. Default: half of the free memory, up to 4 GiB. */
  readonly wideBytes?: number | undefined;
}

/** @throws RuntimeFailure for a small model that steers another: alone it says nothing that anybody asked for */
export function createDecoder(model: Model, { wideBytes }: DecoderOptions = {}): Decoder {
  if (model.steering) throw new RuntimeFailure(`${model.source} is continued by both together, not by one of the two`);
  const programs = createStagePrograms(model, wideBytes);
  const dispose = () => programs.dispose();
  return {
    model,
    begin: (prompts, options = {}) => begin(model, programs, prompts, options),
    beginRunning: (options) => createRunningBatch(model, programs, options),
    reader: (positions) => createTokenReader(model, programs, bucketPositions(positions, model.config.maxPositions)),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

async function begin(
  model: Model,
  programs: StagePrograms,
  prompts: readonly Int32Array[],
  { output = "token", signal, positions = model.config.maxPositions }: BeginOptions,
): Promise<DecodingBatch> {
  const { config, backend } = model;
  if (prompts.length === 0) throw new Error("there is no prompt to continue");
  checkPrompts(model, prompts);
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const capacity = bucketPositions(Math.max(longest, positions), config.maxPositions);
  const rotations = createRotations(model, capacity);
  let cache: KvCache;
  try {
    cache = createKvCache(backend, config, bucket(prompts.length), capacity);
  } catch (error) {
    rotations.dispose();
    throw error;
  }
  let first: Value | undefined;
  let runner: StepRunner | undefined;
  // Rows live in slots of the cache; the slots of dropped rows idle at position 0 until the batch shrinks.
  let slots = prompts.map((_, row) => row);
  let lastPositions = Int32Array.from({ length: cache.batch }, (_, slot) => (prompts[slot]?.length ?? 1) - 1);
  let tokens = new Int32Array(cache.batch);

  const dispose = () => {
    for (const owned of [runner, cache, first, rotations]) owned?.dispose();
  };

  async function read(wanted: HeadOutput) {
    if (output !== wanted) throw new Error(`the batch was begun for output "${output}", not "${wanted}"`);
    const result = runner?.result ?? first;
    if (!result) throw new Error("results are read before rows are dropped, not after");
    return backend.read(result);
  }

  try {
    first = await readPrompts(model, programs, prompts, cache, rotations, output, signal);
  } catch (error) {
    dispose();
    throw error;
  }

  return {
    get rows() {
      return slots.length;
    },
    async tokens() {
      const found = (await read("token")) as Int32Array;
      return Int32Array.from(slots, (slot) => found[slot] as number);
    },
    async logits() {
      const all = (await read("logits")) as Float32Array;
      const n = config.vocabularySize;
      return slots.map((slot) => all.subarray(slot * n, (slot + 1) * n));
    },
    async step(next, stepSignal) {
      if (next.length !== slots.length) throw new Error(`${next.length} tokens for ${slots.length} rows`);
      slots.forEach((slot, row) => {
        const position = (lastPositions[slot] as number) + 1;
        if (position >= capacity) throw new Error(`row ${row} is full: the cache has ${capacity} positions`);
        lastPositions[slot] = position;
        tokens[slot] = next[row] as number;
      });
      if (!runner) {
        const stages = await programs.stages({ batch: cache.batch, seq: 1 }, "step", capacity, output);
        runner = createStepRunner(model, stages, cache, rotations.byLayer, output);
        first?.dispose();
        first = undefined;
      }
      await runner.run(tokens, lastPositions, stepSignal);
    },
    async keep(rows) {
      slots = rows.map((row) => slots[row] as number);
      const batch = bucket(rows.length);
      const kept = lastPositions;
      if (batch < cache.batch) {
        for (const owned of [runner, first]) owned?.dispose();
        runner = undefined;
        first = undefined;
        cache = await keepRows(backend, cache, slots, batch, programs.compile);
        lastPositions = new Int32Array(batch);
        slots.forEach((slot, row) => {
          lastPositions[row] = kept[slot] as number;
        });
        slots = slots.map((_, row) => row);
      } else {
        lastPositions = kept.map((position, slot) => (slots.includes(slot) ? position : 0));
      }
      tokens = new Int32Array(batch);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
