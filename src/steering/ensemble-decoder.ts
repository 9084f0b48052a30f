// Decodes M + offset where all weights are here: M and the small pairs each continue the same rows over their own cache, and their logits are put
// together. Generation and the server take it as they take a model's own decoder. Knows neither sampling nor when a text ends.

import { ModelError } from "../core/errors.ts";
import {
  type BeginOptions,
  type Decoder,
  type DecodingBatch,
  mostLikely,
  type RunningBatch,
  type TokenReader,
} from "../generation/index.ts";
import { addOffset, steerRow } from "./ensemble.ts";
import type { OffsetPair } from "./offset-reader.ts";

/** M, the models of the pairs, and how their logits become one row. */
interface Together {
  /** M first. A frozen model that pairs share is here once. */
  readonly decoders: readonly Decoder[];
  /** l_M + Σ α (l_Mo′ − l_Mo), a row of its own. */
  sum(rowOf: (decoder: Decoder) => Float32Array): Float32Array;
}

/** The decoders stay the caller's: disposing the ensemble frees none of them. With no pair it is M alone. */
export function createEnsembleDecoder(model: Decoder, pairs: readonly OffsetPair[]): Decoder {
  const small = [...new Set(pairs.flatMap(({ tuned, frozen }) => [frozen, tuned]))];
  const decoders = [model, ...small];
  const width = Math.min(...decoders.map((decoder) => decoder.model.config.vocabularySize));
  const together: Together = {
    decoders,
    sum(rowOf) {
      const offset = new Float32Array(width);
      for (const { tuned, frozen, alpha } of pairs) {
        addOffset(offset, { alpha, tuned: rowOf(tuned), frozen: rowOf(frozen) });
      }
      return steerRow(rowOf(model), offset);
    },
  };
  const contexts = decoders.map((decoder) => decoder.model.config.maxPositions);
  const maxPositions = Math.min(...contexts);
  const { config, source } = model.model;
  const limited = (positions: number | undefined) => Math.min(positions ?? maxPositions, maxPositions);
  const dispose = () => {};
  return {
    model: { ...model.model, config: { ...config, maxPositions } },
    async begin(prompts, options = {}) {
      const longest = Math.max(...prompts.map((prompt) => prompt.length));
      if (longest > maxPositions) {
        throw new ModelError(
          `a prompt has ${longest} tokens; ${source} knows ${config.maxPositions} positions, the models that steer it ${Math.min(...contexts.slice(1))}`,
          { hint: "Shorten the prompt: every model of the sum has to read it whole." },
        );
      }
      return beginTogether(together, prompts, { ...options, positions: limited(options.positions) });
    },
    beginRunning: (options) =>
      runTogether(
        together,
        openAll(decoders, (each) => each.beginRunning({ ...options, positions: limited(options.positions) })),
      ),
    reader: (positions) =>
      readTogether(
        together,
        openAll(decoders, (each) => each.reader(limited(positions))),
      ),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** One of each decoder's; when one cannot be had, none is kept. */
function openAll<T extends Disposable>(decoders: readonly Decoder[], open: (decoder: Decoder) => T): Map<Decoder, T> {
  const opened = new Map<Decoder, T>();
  try {
    for (const decoder of decoders) opened.set(decoder, open(decoder));
  } catch (error) {
    disposeAll(opened);
    throw error;
  }
  return opened;
}

const disposeAll = (owned: ReadonlyMap<Decoder, Disposable>) => {
  for (const each of owned.values()) each[Symbol.dispose]();
};

/** What each of them says, by decoder. */
async function ofEach<T, R>(owned: ReadonlyMap<Decoder, T>, ask: (each: T) => Promise<R>): Promise<Map<Decoder, R>> {
  const found = new Map<Decoder, R>();
  for (const [decoder, each] of owned) found.set(decoder, await ask(each));
  return found;
}

async function beginTogether(
  { decoders, sum }: Together,
  prompts: readonly Int32Array[],
  { output = "token", ...options }: BeginOptions,
): Promise<DecodingBatch> {
  const batches = new Map<Decoder, DecodingBatch>();
  const dispose = () => disposeAll(batches);
  try {
    for (const decoder of decoders) {
      batches.set(decoder, await decoder.begin(prompts, { ...options, output: "logits" }));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const first = batches.get(decoders[0] as Decoder) as DecodingBatch;
  async function logits(): Promise<Float32Array[]> {
    const rows = await ofEach(batches, (batch) => batch.logits());
    return Array.from({ length: first.rows }, (_, row) => sum((decoder) => rows.get(decoder)?.[row] as Float32Array));
  }
  return {
    get rows() {
      return first.rows;
    },
    async tokens() {
      if (output !== "token") throw new Error(`the batch was begun for output "${output}"`);
      return Int32Array.from(await logits(), mostLikely);
    },
    logits,
    step: async (tokens, signal) => void (await ofEach(batches, (batch) => batch.step(tokens, signal))),
    keep: async (rows) => void (await ofEach(batches, (batch) => batch.keep(rows))),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function runTogether({ decoders, sum }: Together, batches: ReadonlyMap<Decoder, RunningBatch>): RunningBatch {
  const first = batches.get(decoders[0] as Decoder) as RunningBatch;
  async function step(tokens: ArrayLike<number>): Promise<Float32Array[]> {
    const rows = await ofEach(batches, (batch) => batch.step(tokens));
    return Array.from({ length: first.rows }, (_, row) => sum((decoder) => rows.get(decoder)?.[row] as Float32Array));
  }
  const dispose = () => disposeAll(batches);
  return {
    get rows() {
      return first.rows;
    },
    capacity: Math.min(...[...batches.values()].map(({ capacity }) => capacity)),
    async join(prompt, signal) {
      const before = first.rows;
      try {
        const said = await ofEach(batches, (batch) => batch.join(prompt, signal));
        return sum((decoder) => said.get(decoder) as Float32Array);
      } catch (error) {
        // A row that one of them could not read is no row of any.
        for (const batch of batches.values()) if (batch.rows > before) batch.leave(before);
        throw error;
      }
    },
    leave: (row) => {
      for (const batch of batches.values()) batch.leave(row);
    },
    step,
    stepToLikeliest: async (tokens) => Int32Array.from(await step(tokens), mostLikely),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function readTogether({ decoders, sum }: Together, readers: ReadonlyMap<Decoder, TokenReader>): TokenReader {
  const first = readers.get(decoders[0] as Decoder) as TokenReader;
  const dispose = () => disposeAll(readers);
  return {
    capacity: Math.min(...[...readers.values()].map(({ capacity }) => capacity)),
    get length() {
      return first.length;
    },
    async read(tokens, rows, signal) {
      const before = first.length;
      try {
        const said = await ofEach(readers, (reader) => reader.read(tokens, rows, signal));
        const width = decoders[0]?.model.config.vocabularySize as number;
        const all = new Float32Array(rows * width);
        for (let row = 0; row < rows; row++) {
          const rowOf = (decoder: Decoder) => {
            const own = decoder.model.config.vocabularySize;
            return (said.get(decoder) as Float32Array).subarray(row * own, (row + 1) * own);
          };
          all.set(sum(rowOf), row * width);
        }
        return all;
      } catch (error) {
        for (const reader of readers.values()) reader.rewind(Math.min(before, reader.length));
        throw error;
      }
    },
    rewind: (length) => {
      for (const reader of readers.values()) reader.rewind(length);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
