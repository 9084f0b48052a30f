// The contract between Lethe and whatever computes: compile a graph once, run it many times over values that live where the backend wants them.
// Backends do not share anything below this file. Knows nothing of models.

import type { DType, Graph, Shape } from "../tensor/tensor.ts";

export type TypedArray = Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor in a backend's memory. Whoever created or received it disposes it. */
export interface Value extends Disposable {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly byteLength: number;
  dispose(): void;
}

export interface RunOptions {
  /** Outputs to write in place (same shape and dtype). Outputs not named here are allocated by the backend. */
  readonly outputs?: Readonly<Record<string, Value>>;
  readonly signal?: AbortSignal;
}

export interface Program extends Disposable {
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>;
  readonly outputs: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>;
  /** Names, shapes and dtypes are checked before the call. Returns every output by name, the preallocated ones included. */
  run(inputs: Readonly<Record<string, Value>>, options?: RunOptions): Promise<Record<string, Value>>;
  dispose(): void;
}

export interface Backend extends Disposable {
  readonly name: "reference" | "ort-cpu" | "ort-webgpu";
  /** May a value be an input and a preallocated output of one run? On WebGPU a buffer cannot be read and written in one dispatch. */
  readonly writesInPlace: boolean;
  /** Compiles, or returns the program already compiled for a structurally equal graph. */
  compile(graph: Graph): Promise<Program>;
  /**
   * A value over `data`. On the CPU no copy is made: later writes to the array are seen by the next run, and results written
   * to the value appear in the array. bfloat16 and float16 are passed as Uint16Array bit patterns, bool as Uint8Array.
   */
  value(data: TypedArray, shape: Shape, dtype?: DType): Value;
  /** A value over foreign read-only memory (a mapped file), never copied on the CPU; `owner` is kept alive as long as the value. */
  mapped(memory: MappedMemory, shape: Shape, dtype: DType): Value;
  /** A zero-filled value to write into. */
  allocate(shape: Shape, dtype?: DType): Value;
  /** The contents. On the CPU a view that is valid until the value is disposed, elsewhere a copy. */
  read(value: Value): Promise<TypedArray>;
  /** Overwrites the contents. */
  write(value: Value, data: TypedArray): Promise<void>;
  dispose(): void;
}

/** A range of a memory-mapped file. */
export interface MappedMemory {
  readonly address: bigint;
  readonly byteLength: number;
  readonly owner: object;
}
