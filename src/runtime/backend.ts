// The contract between Lethe and whatever computes: compile a graph once, run it many times over values that live where the backend wants them.
// Backends share nothing below this file that computes, only the checks of what they are given. Knows nothing of models.

import type { DType, Graph, Shape } from "../tensor/tensor.ts";

export type TypedArray = Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor in a backend's memory. Whoever created or received it disposes it; a second `dispose` does nothing. */
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
  /**
   * Every output by name, the preallocated ones included.
   * @throws ShapeError for a value of another shape or dtype; RuntimeFailure for a missing or unknown name, a value that is disposed, of another
   * backend or given for two outputs, an output in a mapped file, a program or backend that is disposed, and when the engine fails;
   * the signal's reason when aborted.
   */
  run(inputs: Readonly<Record<string, Value>>, options?: RunOptions): Promise<Record<string, Value>>;
  /** Runs under way end well, later ones are refused; others who compiled an equal graph keep theirs. */
  dispose(): void;
}

/** Every method but `dispose` throws RuntimeFailure once the backend is disposed. */
export interface Backend extends Disposable {
  readonly name: "reference" | "ort-cpu" | "ort-webgpu";
  /** May a value be an input and a preallocated output of one run? On WebGPU a buffer cannot be read and written in one dispatch. */
  readonly writesInPlace: boolean;
  /**
   * Compiles, or shares the program already compiled for a structurally equal graph. What is returned is the caller's own to dispose.
   * @throws RuntimeFailure when the engine refuses the graph.
   */
  compile(graph: Graph): Promise<Program>;
  /**
   * A value over `data`. On the CPU no copy is made: later writes to the array are seen by the next run, and results written
   * to the value appear in the array. bfloat16 and float16 are passed as Uint16Array bit patterns, bool as Uint8Array.
   * @throws ShapeError when array, shape and dtype do not fit.
   */
  value(data: TypedArray, shape: Shape, dtype?: DType): Value;
  /**
   * A value over foreign read-only memory (a mapped file), never copied on the CPU. `owner` is kept alive as long as the value; a mapped file
   * stays mapped until the value is disposed, also when the file is disposed first.
   * @throws ShapeError when the range is not as long as the tensor; RuntimeFailure when the file is disposed.
   */
  mapped(memory: MappedMemory, shape: Shape, dtype: DType): Value;
  /** A zero-filled value to write into. @throws ShapeError for an impossible shape; RuntimeFailure when memory is short on a device. */
  allocate(shape: Shape, dtype?: DType): Value;
  /**
   * The contents. On the CPU a view that is valid until the value is disposed, elsewhere a copy.
   * @throws RuntimeFailure for a value that is disposed or of another backend.
   */
  read(value: Value): Promise<TypedArray>;
  /**
   * Overwrites the contents.
   * @throws ShapeError when the array does not fit; RuntimeFailure for a mapped file or a value that is disposed or of another backend.
   */
  write(value: Value, data: TypedArray): Promise<void>;
  dispose(): void;
}

/** A range of a memory-mapped file. */
export interface MappedMemory {
  readonly address: bigint;
  readonly byteLength: number;
  readonly owner: object;
}
