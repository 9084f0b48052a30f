// A symbolic tensor: one node of a traced graph, with a static shape and dtype. Knows nothing of gradients, of ONNX, or of how it is computed.

export type DType = "float32" | "bfloat16" | "float16" | "int32" | "int64" | "bool";
export type Shape = readonly number[];
export type Attribute = number | string | boolean | readonly number[];

export interface Tensor {
  /** Order of creation; a node's inputs always have smaller ids. */
  readonly id: number;
  /** Name of the op in the op table; "input" and "constant" are leaves. */
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Name of a graph input (leaf "input" only). */
  readonly name?: string;
  /** Contents of a leaf "constant". float32 constants are kept in float64 so that the reference backend loses nothing. */
  readonly data?: Float64Array | Int32Array | Uint8Array;
}

/** What a backend compiles: everything that the outputs need, fed by the named inputs found in them. */
export interface Graph {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}
