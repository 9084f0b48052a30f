// The keys and values of the tokens read so far, one pair of buffers per layer, written in place by the block programs.
// Knows shapes and which row is where; knows neither attention nor tokens.

import type { ModelConfig } from "../models/architecture.ts";
import type { Backend, Program, Value } from "../runtime/backend.ts";
import { gather, graph, input } from "../tensor/index.ts";

export interface CacheLayer {
  /** [batch, kvHeads, capacity, cachedHeadSize], float32 */
  readonly keys: Value;
  readonly values: Value;
}

export interface KvCache extends Disposable {
  readonly batch: number;
  /** Positions per row. */
  readonly capacity: number;
  readonly layers: readonly CacheLayer[];
  dispose(): void;
}

/** ONNX Runtime's GroupQueryAttention takes head sizes that are multiples of 16; others are filled up with zeros, which change no product. */
export const cachedHeadSize = (config: ModelConfig): number => Math.ceil(config.headDim / 16) * 16;

/** The next of 1, 2, 3, 4, 6, 8, 12, 16, 24 … ≥ `n`: at most a third is wasted, and few programs are compiled. */
export function bucket(n: number): number {
  for (let power = 1; ; power *= 2) {
    if (n <= power) return power;
    if (power >= 2 && n <= power * 1.5) return power * 1.5;
  }
}

/** Positions to hold for `n`: a bucket of eights, but never more than the model knows positions. */
export const bucketPositions = (n: number, limit: number): number => Math.min(8 * bucket(Math.ceil(n / 8)), limit);

/** Zero-filled; the operating system gives the memory as positions are written. */
export function createKvCache(backend: Backend, config: ModelConfig, batch: number, capacity: number): KvCache {
  const shape = [batch, config.kvHeads, capacity, cachedHeadSize(config)];
  const layers: CacheLayer[] = [];
  let keys: Value | undefined;
  try {
    for (let layer = 0; layer < config.layers; layer++) {
      keys = backend.allocate(shape);
      layers.push({ keys, values: backend.allocate(shape) });
    }
  } catch (error) {
    keys?.dispose();
    cacheOver(layers, batch, capacity).dispose();
    throw error;
  }
  return cacheOver(layers, batch, capacity);
}

function cacheOver(layers: readonly CacheLayer[], batch: number, capacity: number): KvCache {
  const dispose = () => {
    for (const { keys, values } of layers) {
      keys.dispose();
      values.dispose();
    }
  };
  return { batch, capacity, layers, dispose, [Symbol.dispose]: dispose };
}

/** Compiles a program by key, or returns the one compiled before. */
export type CompileOnce = (key: string, trace: () => ReturnType<typeof graph>) => Promise<Program>;

/**
 * A smaller cache with the given rows of `cache`, in that order, filled up to `batch` rows with copies of the first.
 * `cache` is used up: layer by layer its buffers are given back as soon as they are copied.
 */
export async function keepRows(
  backend: Backend,
  cache: KvCache,
  rows: readonly number[],
  batch: number,
  compile: CompileOnce,
): Promise<KvCache> {
  const { shape } = (cache.layers[0] as CacheLayer).keys;
  const program = await compile(`keep ${batch} of ${shape}`, () =>
    graph({ kept: gather(input("cache", shape), input("rows", [batch], "int32")) }),
  );
  const index = Int32Array.from({ length: batch }, (_, i) => rows[i] ?? rows[0] ?? 0);
  using indices = backend.value(index, [batch], "int32");
  const kept: CacheLayer[] = [];
  const take = async (from: Value) => {
    const result = (await program.run({ cache: from, rows: indices })).kept as Value;
    from.dispose();
    return result;
  };
  for (const { keys, values } of cache.layers) kept.push({ keys: await take(keys), values: await take(values) });
  return cacheOver(kept, batch, cache.capacity);
}
