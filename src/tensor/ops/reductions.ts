// Ops that fold axes: sums, means, maxima, and the soft versions over the last axis.

import { type Attributes, apply, type Op, type OpGroup } from "../op.ts";
import { normalAxis, reducedShape, shapeText } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { Tensor } from "../tensor.ts";
import { float, type Operand } from "./operands.ts";

const overAxes: Op = {
  infer: ([x], { axes, keepDims }) => ({
    shape: reducedShape((x as Tensor).shape, axes as readonly number[], keepDims as boolean),
    dtype: "float32",
  }),
};
const sameType: Op = { infer: ([x]) => x as Tensor };
const lastAxis = ([x]: readonly Tensor[], keepDims: boolean) =>
  reducedShape((x as Tensor).shape, [(x as Tensor).shape.length - 1], keepDims);

export const reductionOps = {
  sum: overAxes,
  mean: overAxes,
  max: overAxes,
  softmax: sameType,
  logSoftmax: sameType,
  logSumExp: {
    infer: (inputs, { keepDims }: Attributes) => ({ shape: lastAxis(inputs, keepDims === true), dtype: "float32" }),
  },
  argmax: { infer: (inputs) => ({ shape: lastAxis(inputs, false), dtype: "int32" }) },
} satisfies OpGroup;

/** One axis or several, negative ones counted from the end; all when left out. */
export type Axes = number | readonly number[];

function reduce(name: "sum" | "mean" | "max", x: Operand, axes: Axes | undefined, keepDims: boolean): Tensor {
  const t = float(name, x);
  const rank = t.shape.length;
  const wanted = axes === undefined ? t.shape.map((_, i) => i) : typeof axes === "number" ? [axes] : axes;
  const normal = wanted.map(
    (axis) => normalAxis(axis, rank) ?? failShape(name, `axis ${axis} is outside ${shapeText(t.shape)}`),
  );
  if (new Set(normal).size !== normal.length) failShape(name, `axes ${shapeText(wanted)} name an axis twice`);
  return apply(reductionOps, name, [t], { axes: normal.sort((a, b) => a - b), keepDims });
}

export const sum = (x: Operand, axes?: Axes, keepDims = false): Tensor => reduce("sum", x, axes, keepDims);
export const mean = (x: Operand, axes?: Axes, keepDims = false): Tensor => reduce("mean", x, axes, keepDims);
/** Largest element; equal largest ones share the gradient. */
export const max = (x: Operand, axes?: Axes, keepDims = false): Tensor => reduce("max", x, axes, keepDims);

function overLast(name: "softmax" | "logSoftmax" | "logSumExp" | "argmax", x: Tensor, attributes: Attributes = {}) {
  const t = float(name, x);
  if (!t.shape.at(-1)) failShape(name, `${shapeText(t.shape)} has no elements along its last axis`);
  return apply(reductionOps, name, [t], attributes);
}

/** eˣ / Σ eˣ over the last axis. */
export const softmax = (x: Tensor): Tensor => overLast("softmax", x);
/** x − logSumExp(x) over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => overLast("logSoftmax", x);
/** ln Σ eˣ over the last axis, without overflow. */
export const logSumExp = (x: Tensor, { keepDims = false }: { keepDims?: boolean } = {}): Tensor =>
  overLast("logSumExp", x, { keepDims });
/** Index of the first largest element along the last axis → int32. */
export const argmax = (x: Tensor): Tensor => overLast("argmax", x);
