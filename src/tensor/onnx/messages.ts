// The ONNX messages as plain objects and their encoding (onnx.proto, IR version 10). Knows nothing of the tensor layer's ops.

import type { DType, Shape } from "../tensor.ts";
import { type Bytes, bytesField, floatField, integerField, message, textField } from "./protobuf.ts";

/** Whole numbers and lists of them are ints; a float is wrapped. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number } | string;

export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface OnnxInitialiser extends OnnxValue {
  /** Little-endian contents. */
  readonly bytes: Bytes;
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initialisers: readonly OnnxInitialiser[];
}

const IR_VERSION = 10;
const OPSETS = { "": 18, "com.microsoft": 1 };

/** TensorProto.DataType. */
export const elementType: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** The bytes of a ModelProto. */
export function encodeModel({ nodes, inputs, outputs, initialisers }: OnnxModel): Bytes {
  const graph = message(
    ...nodes.map((node) => bytesField(1, encodeNode(node))),
    textField(2, "lethe"),
    ...initialisers.map((initialiser) => bytesField(5, encodeInitialiser(initialiser))),
    ...inputs.map((value) => bytesField(11, encodeValue(value))),
    ...outputs.map((value) => bytesField(12, encodeValue(value))),
  );
  const opsets = Object.entries(OPSETS).map(([domain, version]) =>
    bytesField(8, message(textField(1, domain), integerField(2, version))),
  );
  return message(integerField(1, IR_VERSION), textField(2, "lethe"), bytesField(7, graph), ...opsets);
}

function encodeNode({ type, domain, inputs, outputs, attributes }: OnnxNode): Bytes {
  return message(
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(4, type),
    ...Object.entries(attributes).map(([name, value]) => bytesField(5, encodeAttribute(name, value))),
    textField(7, domain),
  );
}

function encodeAttribute(name: string, value: OnnxAttribute): Bytes {
  const typed = (type: number, ...payload: Bytes[]) => message(textField(1, name), ...payload, integerField(20, type));
  if (typeof value === "number") return typed(2, integerField(3, value));
  if (typeof value === "string") return typed(3, textField(4, value));
  if ("float" in value) return typed(1, floatField(2, value.float));
  return typed(7, ...value.map((n) => integerField(8, n)));
}

function encodeInitialiser({ name, dtype, shape, bytes }: OnnxInitialiser): Bytes {
  return message(
    ...shape.map((n) => integerField(1, n)),
    integerField(2, elementType[dtype]),
    textField(8, name),
    bytesField(9, bytes),
  );
}

function encodeValue({ name, dtype, shape }: OnnxValue): Bytes {
  const dimensions = shape.map((n) => bytesField(1, integerField(1, n)));
  const tensorType = message(integerField(1, elementType[dtype]), bytesField(2, message(...dimensions)));
  return message(textField(1, name), bytesField(2, bytesField(1, tensorType)));
}
