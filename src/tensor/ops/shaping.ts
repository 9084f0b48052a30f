// Ops that move elements without computing: reshape, transpose, concat, slice, pad, expand.

import { apply, type OpGroup } from "../op.ts";
import { broadcast, dimension, normalAxis, sameShape, shapeText, sizeOf } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { DType, Shape, Tensor } from "../tensor.ts";
import { constant } from "./leaves.ts";
import { cast, float, type Operand } from "./operands.ts";

const replaced = (shape: Shape, axis: number, n: number): Shape => shape.with(axis, n);

export const shapingOps = {
  reshape: {
    infer: ([x], { shape }) => ({ shape: shape as Shape, dtype: (x as Tensor).dtype }),
  },
  transpose: {
    infer: ([x], { permutation }) => ({
      shape: (permutation as readonly number[]).map((axis) => dimension((x as Tensor).shape, axis)),
      dtype: (x as Tensor).dtype,
    }),
  },
  concat: {
    infer: (inputs, { axis }) => {
      const first = inputs[0] as Tensor;
      const total = inputs.reduce((n, x) => n + dimension(x.shape, axis as number), 0);
      return { shape: replaced(first.shape, axis as number, total), dtype: first.dtype };
    },
  },
  slice: {
    infer: ([x], { axis, start, end }) => ({
      shape: replaced((x as Tensor).shape, axis as number, (end as number) - (start as number)),
      dtype: (x as Tensor).dtype,
    }),
  },
  pad: {
    infer: ([x], { axis, before, after }) => {
      const { shape, dtype } = x as Tensor;
      const n = dimension(shape, axis as number) + (before as number) + (after as number);
      return { shape: replaced(shape, axis as number, n), dtype };
    },
  },
  expand: {
    infer: ([x], { shape }) => ({ shape: shape as Shape, dtype: (x as Tensor).dtype }),
  },
} satisfies OpGroup;

function axisOf(op: string, x: Tensor, axis: number): number {
  return normalAxis(axis, x.shape.length) ?? failShape(op, `axis ${axis} is outside ${shapeText(x.shape)}`);
}

/** The same elements in row-major order under another shape; one dimension may be −1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = sizeOf(shape.filter((n) => n !== -1));
  const resolved = shape.map((n) => (n === -1 ? sizeOf(x.shape) / known : n));
  const unknowns = shape.length - shape.filter((n) => n !== -1).length;
  const valid = unknowns <= 1 && resolved.every((n) => Number.isInteger(n) && n >= 0);
  if (!valid || sizeOf(resolved) !== sizeOf(x.shape)) {
    failShape("reshape", `${shapeText(x.shape)} with ${sizeOf(x.shape)} elements does not become ${shapeText(shape)}`);
  }
  return sameShape(resolved, x.shape) ? x : apply(shapingOps, "reshape", [x], { shape: resolved });
}

/** Axis i of the result is axis permutation[i] of `x`; reverses all axes when left out. */
export function transpose(x: Tensor, permutation: readonly number[] = x.shape.map((_, i) => i).reverse()): Tensor {
  const complete = x.shape.every((_, i) => permutation.includes(i)) && permutation.length === x.shape.length;
  if (!complete) failShape("transpose", `${shapeText(permutation)} does not permute the axes of ${shapeText(x.shape)}`);
  return permutation.every((axis, i) => axis === i) ? x : apply(shapingOps, "transpose", [x], { permutation });
}

/** Tensors of one dtype joined along `axis`; their other dimensions are equal. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0] ?? failShape("concat", "needs at least one tensor");
  const at = axisOf("concat", first, axis);
  for (const x of tensors) {
    const fits = x.shape.length === first.shape.length && x.shape.every((n, i) => i === at || n === first.shape[i]);
    if (!fits) failShape("concat", `${shapeText(x.shape)} does not join ${shapeText(first.shape)} along axis ${at}`);
    if (x.dtype !== first.dtype) failShape("concat", `${x.dtype} does not join ${first.dtype}`);
  }
  return tensors.length === 1 ? first : apply(shapingOps, "concat", tensors, { axis: at });
}

/** Elements start … end − 1 along `axis`; negative bounds count from the end, `end` left out means all. */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const at = axisOf("slice", x, axis);
  const n = dimension(x.shape, at);
  const [from, to] = [start, end ?? n].map((i) => (i < 0 ? i + n : i)) as [number, number];
  const valid = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= n;
  if (!valid) failShape("slice", `${start} … ${end} is outside axis ${at} of ${shapeText(x.shape)}`);
  return from === 0 && to === n ? x : apply(shapingOps, "slice", [x], { axis: at, start: from, end: to });
}

/** `x` with zeros before and after along `axis`. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const at = axisOf("pad", x, axis);
  if (![before, after].every((n) => Number.isInteger(n) && n >= 0))
    failShape("pad", `cannot pad by ${before}, ${after}`);
  const t = x.dtype === "int32" ? x : float("pad", x);
  return before + after === 0 ? t : apply(shapingOps, "pad", [t], { axis: at, before, after });
}

/** `x` repeated along axes of size 1 and new leading axes until it has `shape`. */
export function expand(x: Operand, shape: Shape): Tensor {
  const t = typeof x === "number" ? constant(x) : x;
  const fits = sameShape(broadcast(t.shape, shape) ?? [-1], shape);
  if (!fits) failShape("expand", `${shapeText(t.shape)} does not stretch to ${shapeText(shape)}`);
  return sameShape(t.shape, shape) ? t : apply(shapingOps, "expand", [t], { shape });
}

/** A tensor that holds `value` everywhere; takes no space in the encoded graph. */
export const full = (shape: Shape, value: number, dtype: DType = "float32"): Tensor =>
  expand(dtype === "float32" ? constant(value) : cast(constant(value), dtype), shape);

/** Without the axis, which has size 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = axisOf("squeeze", x, axis);
  if (x.shape[at] !== 1) failShape("squeeze", `axis ${at} of ${shapeText(x.shape)} has not size 1`);
  return reshape(x, x.shape.toSpliced(at, 1));
}

/** With a new axis of size 1 at `axis` of the result. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalAxis(axis, x.shape.length + 1);
  if (at === undefined) return failShape("unsqueeze", `axis ${axis} is outside the result of ${shapeText(x.shape)}`);
  return reshape(x, x.shape.toSpliced(at, 0, 1));
}
