// Decodes M + offset where all weights are here: M and the small pairs each continue the same rows over their own cache, and their logits are put
// together. Generation takes it as it takes a model's own decoder. Knows neither sampling nor when a text ends.

import { ModelError } from "../core/errors.ts";
import {
  type BatchDecoder,
  type BeginOptions,
  type Decoder,
  type DecodingBatch,
  mostLikely,
} from "../generation/index.ts";
import { addOffset, steerRow } from "./ensemble.ts";
import type { OffsetPair } from "./offset-reader.ts";

/** Decoders stay the caller's. A frozen model that pairs share runs once; with no pair it is M alone. */
export function createEnsembleDecoder(model: Decoder, pairs: readonly OffsetPair[]): BatchDecoder {
  const small = [...new Set(pairs.flatMap(({ tuned, frozen }) => [frozen, tuned]))];
  const all = [model, ...small];
  const contexts = all.map((decoder) => decoder.model.config.maxPositions);
  const maxPositions = Math.min(...contexts);
  const { config, source } = model.model;
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
      const shared = { ...options, positions: Math.min(options.positions ?? maxPositions, maxPositions) };
      return beginTogether(all, pairs, prompts, shared);
    },
  };
}

async function beginTogether(
  decoders: readonly Decoder[],
  pairs: readonly OffsetPair[],
  prompts: readonly Int32Array[],
  { output = "token", ...options }: BeginOptions,
): Promise<DecodingBatch> {
  const batches = new Map<Decoder, DecodingBatch>();
  const dispose = () => {
    for (const batch of batches.values()) batch.dispose();
  };
  try {
    for (const decoder of decoders) {
      batches.set(decoder, await decoder.begin(prompts, { ...options, output: "logits" }));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const width = Math.min(...decoders.map(({ model }) => model.config.vocabularySize));
  const [first] = batches.values() as Iterable<DecodingBatch>;
  const each = async (work: (batch: DecodingBatch) => Promise<void>) => {
    for (const batch of batches.values()) await work(batch);
  };

  async function logits(): Promise<Float32Array[]> {
    const rows = new Map<Decoder, Float32Array[]>();
    for (const [decoder, batch] of batches) rows.set(decoder, await batch.logits());
    const rowOf = (decoder: Decoder, row: number) => (rows.get(decoder) as Float32Array[])[row] as Float32Array;
    return (rows.get(decoders[0] as Decoder) as Float32Array[]).map((model, row) => {
      const offset = new Float32Array(width);
      for (const { tuned, frozen, alpha } of pairs) {
        addOffset(offset, { alpha, tuned: rowOf(tuned, row), frozen: rowOf(frozen, row) });
      }
      return steerRow(model, offset);
    });
  }

  return {
    get rows() {
      return (first as DecodingBatch).rows;
    },
    async tokens() {
      if (output !== "token") throw new Error(`the batch was begun for output "${output}"`);
      return Int32Array.from(await logits(), mostLikely);
    },
    logits,
    step: (tokens, signal) => each((batch) => batch.step(tokens, signal)),
    keep: (rows) => each((batch) => batch.keep(rows)),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
