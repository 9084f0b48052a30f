// The chosen rows of a batch in chunks: logits of one chunk at a time are held, and few sizes are compiled. Makes the inputs of a chunk and
// puts its results in place. Knows nothing of programs.

import type { Backend, Value } from "../runtime/backend.ts";
import type { StageLayout } from "./stage-weights.ts";
import { type SteeringRows, steeringInputs } from "./steering.ts";

/** Chosen positions of a batch: flat index into [batch·seq] of the position that predicts, and the id to be predicted. */
export interface LabelledRows {
  readonly rows: Int32Array;
  /** Where a row has no label, a negative number −n, which stands for the id n before the end of the vocabulary. */
  readonly labels: Int32Array;
}

/** One number per row, by the quantity's key. */
export type QuantityValues = { [key: string]: Float32Array | undefined };

/** The frozen side of a quantity: the reference's hidden states of the same rows, and its output layer where its logits are needed. */
export interface ReferenceRows {
  /** [rows, hidden], or [rows, embeddingSize] behind the final norm. */
  readonly hidden: Float32Array;
  readonly outputWeight?: Value | undefined;
  readonly outputBias?: Value | undefined;
}

/** Rows [start, end) of the chosen ones, filled up to `size`. */
export interface RowChunk {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

const bucket = 32;

/** `count` rows rounded up, so that few sizes are compiled. */
export const bucketed = (count: number) => Math.ceil(count / bucket) * bucket;

/** Chunks of which [size, width] float32 numbers take at most `bytes`. */
export function* rowChunks(count: number, width: number, bytes: number): Generator<RowChunk> {
  const fit = Math.max(bucket, Math.floor(bytes / 4 / width / bucket) * bucket);
  const size = Math.min(fit, bucketed(count));
  for (let start = 0; start < count; start += size) yield { start, end: Math.min(start + size, count), size };
}

/** What a chunk's rows come with beside the batch's hidden states. */
export interface RowSides {
  readonly rows: LabelledRows;
  readonly reference?: ReferenceRows | undefined;
  readonly steering?: SteeringRows | undefined;
}

/** A chunk's rows, labels, the reference's hidden states and the steered model's side. They go with it. */
export function chunkInputs(
  backend: Backend,
  { rows: { rows, labels }, reference, steering }: RowSides,
  { start, end, size }: RowChunk,
  vocabulary: number,
) {
  const ids = filled(labels.subarray(start, end), size).map((id) => (id < 0 ? Math.max(0, vocabulary + id) : id));
  const inputs: Record<string, Value> = {
    rows: backend.value(filled(rows.subarray(start, end), size), [size], "int32"),
    labels: backend.value(ids, [size], "int32"),
  };
  const constants = {
    ...(reference ? { referenceHidden: reference.hidden } : {}),
    ...(steering ? steeringInputs(steering) : {}),
  };
  for (const [name, all] of Object.entries(constants)) {
    const d = all.length / rows.length;
    const data = new Float32Array(size * d);
    data.set(all.subarray(start * d, end * d));
    inputs[name] = backend.value(data, [size, d]);
  }
  return { inputs, [Symbol.dispose]: () => disposeAll(...Object.values(inputs)) };
}

/** Name of the reference's output layer among a program's inputs. */
export const referenceModule = "referenceOutput";

/** The reference's output layer as inputs of the head's programs, and what they look like; nothing without a reference. */
export function referenceOutput({ outputWeight, outputBias }: Partial<ReferenceRows> = {}) {
  const inputs: Record<string, Value> = {};
  if (outputWeight) inputs[`${referenceModule}.weight`] = outputWeight;
  if (outputBias) inputs[`${referenceModule}.bias`] = outputBias;
  const described = Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }] as const);
  const layout: StageLayout["weights"] = Object.fromEntries(described);
  return { inputs, layout };
}

/** The chunk's part of a number per row, filled up with zeros. */
export function chunkOf(backend: Backend, values: Float32Array, { start, end, size }: RowChunk): Value {
  const data = new Float32Array(size);
  data.set(values.subarray(start, end));
  return backend.value(data, [size]);
}

/** Copies a chunk's quantities to their place in `result` and disposes them. */
export async function collectChunk(
  backend: Backend,
  outputs: Readonly<Record<string, Value>>,
  result: QuantityValues,
  { start, end }: RowChunk,
): Promise<void> {
  try {
    for (const [name, target] of Object.entries(result)) {
      const data = (await backend.read(outputs[name] as Value)) as Float32Array;
      target?.set(data.subarray(0, end - start), start);
    }
  } finally {
    disposeAll(...Object.keys(result).map((name) => outputs[name]));
  }
}

/** Room for one number per row and quantity. */
export const emptyQuantities = (keys: readonly string[], rows: number): QuantityValues =>
  Object.fromEntries(keys.map((key) => [key, new Float32Array(rows)]));

/** Rows filled up with row 0; what is computed on the filling is cut off or weighted with zero. */
export function filled(rows: Int32Array, size: number): Int32Array {
  const result = new Int32Array(size);
  result.set(rows);
  return result;
}

export function disposeAll(...values: readonly (Value | undefined)[]): void {
  for (const value of values) value?.dispose();
}
