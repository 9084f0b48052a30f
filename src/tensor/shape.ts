// Arithmetic on static shapes: sizes, strides, axes, broadcasting. Knows nothing of tensors; returns undefined where shapes do not fit.

import type { Shape } from "./tensor.ts";

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

/** Dimension `i`, counted from the end when negative. */
export const dimension = (shape: Shape, i: number): number => shape.at(i) ?? 1;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** Row-major strides. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  return strides;
}

/** The shape that both stretch to by NumPy's rule, or undefined. */
export function broadcast(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let i = -rank; i < 0; i++) {
    const m = dimension(a, i);
    const n = dimension(b, i);
    if (m !== n && m !== 1 && n !== 1) return undefined;
    result.push(m === 1 ? n : m);
  }
  return result;
}

/** Axes of `to` along which `from` was stretched to become `to`. */
export function stretchedAxes(from: Shape, to: Shape): number[] {
  const missing = to.length - from.length;
  return to.flatMap((n, axis) => (axis < missing || (from[axis - missing] === 1 && n !== 1) ? [axis] : []));
}

/** Axis in [0, rank) for an axis that may count from the end, or undefined. */
export function normalAxis(axis: number, rank: number): number | undefined {
  const normal = axis < 0 ? axis + rank : axis;
  return Number.isInteger(normal) && normal >= 0 && normal < rank ? normal : undefined;
}

/** `shape` with the axes removed, or kept with size 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((n, i) => (axes.includes(i) ? 1 : n));
  return shape.filter((_, i) => !axes.includes(i));
}

/** `[8,16]` */
export const shapeText = (shape: Shape): string => `[${shape.join(",")}]`;
