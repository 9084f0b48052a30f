// Reads whole prompts into a cache in one pass. Knows neither sampling nor steps.

import type { Model } from "../models/model.ts";
import type { Value } from "../runtime/backend.ts";
import { bucketPositions, type CacheLayer, type KvCache } from "./kv-cache.ts";
import type { Rotations } from "./rotations.ts";
import type { StagePrograms, StageRun } from "./stage-programs.ts";
import type { HeadOutput } from "./step-graphs.ts";
import { attentionFeed, cacheTargets } from "./step-runner.ts";

/** Fills the cache, whose rows may be more than there are prompts; returns the head's output for the last token of each row. */
export async function readPrompts(
  { backend }: Model,
  programs: StagePrograms,
  prompts: readonly Int32Array[],
  cache: KvCache,
  rotations: Rotations,
  output: HeadOutput,
  signal?: AbortSignal,
): Promise<Value> {
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const shape = { batch: cache.batch, seq: bucketPositions(longest, cache.capacity) };
  const { embed, blocks, head } = await programs.stages(shape, "prompt", cache.capacity, output);
  const padded = new Int32Array(shape.batch * shape.seq);
  prompts.forEach((prompt, row) => {
    padded.set(prompt, row * shape.seq);
  });
  const lastPositions = Int32Array.from({ length: shape.batch }, (_, slot) => (prompts[slot]?.length ?? 1) - 1);
  const lastRows = lastPositions.map((position, slot) => slot * shape.seq + position);
  using ids = backend.value(padded, [padded.length], "int32");
  using last = backend.value(lastPositions, [shape.batch], "int32");
  using length = backend.value(Int32Array.of(shape.seq), [], "int32");
  using rows = backend.value(lastRows, [shape.batch], "int32");
  const options = signal ? { signal } : {};
  const embedded = (await embed.program.run({ ...embed.weights, ids }, options)).next as Value;
  using hidden = await throughBlocks(embedded, blocks, { cache, rotations, last, longest: length }, options);
  const picked = "rows" in head.program.inputs ? { rows } : {};
  return (await head.program.run({ ...head.weights, ...picked, hidden }, options))[output] as Value;
}

/** Takes `embedded` over and gives what the last block makes of it; every block writes its part of the cache. */
export async function throughBlocks(
  embedded: Value,
  blocks: readonly StageRun[],
  { cache, rotations, last, longest }: CachePlace,
  options: { readonly signal?: AbortSignal },
): Promise<Value> {
  let hidden = embedded;
  try {
    for (const [i, { program, weights }] of blocks.entries()) {
      const layer = cache.layers[i] as CacheLayer;
      const inputs = { ...weights, ...attentionFeed(layer, rotations.byLayer[i], last, longest), hidden };
      const { next } = await program.run(inputs, { ...options, outputs: cacheTargets(layer) });
      hidden.dispose();
      hidden = next as Value;
    }
  } catch (error) {
    hidden.dispose();
    throw error;
  }
  return hidden;
}

interface CachePlace {
  readonly cache: KvCache;
  readonly rotations: Rotations;
  /** Last position of each row that is read, int32 [batch]. */
  readonly last: Value;
  /** Positions in use by the longest row, int32 []. */
  readonly longest: Value;
}
