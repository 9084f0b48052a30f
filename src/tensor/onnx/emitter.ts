// Collects ONNX nodes and initialisers while a graph is lowered. Knows nothing of particular ops.

import type { DType, Shape } from "../tensor.ts";
import type { OnnxAttribute, OnnxInitialiser, OnnxNode } from "./messages.ts";

/** Which kernels the model is written for: ORT's CPU provider, or its WebGPU provider without falling back to the CPU. */
export type Target = "cpu" | "webgpu";

export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** "" for standard ops, "com.microsoft" for ORT's own. */
  readonly domain?: string;
}

export interface Emitter {
  readonly target: Target;
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly OnnxInitialiser[];
  /** Adds a node with one output and gives that output's name. */
  emit(type: string, inputs: readonly string[], options?: EmitOptions): string;
  /** Adds a node with `count` outputs. */
  emitMany(count: number, type: string, inputs: readonly string[], options?: EmitOptions): string[];
  /** The name of an initialiser with these contents; equal ones are shared. */
  constant(values: ArrayLike<number>, shape: Shape, dtype: DType): string;
}

export function createEmitter(target: Target): Emitter {
  const nodes: OnnxNode[] = [];
  const initialisers: OnnxInitialiser[] = [];
  const shared = new Map<string, string>();
  let values = 0;
  const fresh = () => `%${values++}`;

  const emitMany: Emitter["emitMany"] = (count, type, inputs, { attributes = {}, domain = "" } = {}) => {
    const outputs = Array.from({ length: count }, fresh);
    nodes.push({ type, domain, inputs, outputs, attributes });
    return outputs;
  };
  return {
    target,
    nodes,
    initialisers,
    emitMany,
    emit: (type, inputs, options) => emitMany(1, type, inputs, options)[0] as string,
    constant(contents, shape, dtype) {
      const key = contents.length <= 16 ? JSON.stringify([dtype, shape, Array.from(contents, String)]) : fresh();
      const known = shared.get(key);
      if (known !== undefined) return known;
      const name = fresh();
      initialisers.push({ name, dtype, shape, bytes: littleEndian(contents, dtype) });
      shared.set(key, name);
      return name;
    },
  };
}

function littleEndian(values: ArrayLike<number>, dtype: DType): Uint8Array {
  const typed =
    dtype === "float32"
      ? Float32Array.from(values)
      : dtype === "int32"
        ? Int32Array.from(values)
        : dtype === "int64"
          ? BigInt64Array.from(Array.from(values, BigInt))
          : Uint8Array.from(values);
  return new Uint8Array(typed.buffer);
}
