// Turns what callers pass (numbers, half-precision tensors) into the tensors that ops compute on, and holds the ops that change nothing but type.

import { type Attributes, apply, type OpGroup } from "../op.ts";
import { broadcast, shapeText } from "../shape.ts";
import { failShape } from "../shape-error.ts";
import type { DType, Shape, Tensor } from "../tensor.ts";
import { constant } from "./leaves.ts";

/** A tensor, or a number where a tensor broadcasts. */
export type Operand = Tensor | number;

export const conversionOps = {
  cast: {
    infer: ([x]: readonly Tensor[], attributes: Attributes) => ({
      shape: (x as Tensor).shape,
      dtype: attributes.dtype as DType,
    }),
  },
  stopGradient: { infer: ([x]: readonly Tensor[]) => x as Tensor },
} satisfies OpGroup;

/** The same numbers in another dtype; to int32 truncates toward zero, to bool is `x ≠ 0`. Gradients pass through as float32. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(conversionOps, "cast", [x], { dtype });
}

/** `x`, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => apply(conversionOps, "stopGradient", [x]);

/** Computation is float32: bfloat16 and float16 are cast where they are used, numbers become constants, other dtypes are refused. */
export function float(op: string, x: Operand): Tensor {
  if (typeof x === "number") return constant(x);
  if (x.dtype === "bfloat16" || x.dtype === "float16") return cast(x, "float32");
  if (x.dtype !== "float32") failShape(op, `${shapeText(x.shape)} is ${x.dtype}, expected float32`, "Use cast(x, …).");
  return x;
}

/** Two operands of one numeric dtype: float32, or int32 when one is int32 and the other int32 or a number. */
export function sameNumeric(op: string, a: Operand, b: Operand): [Tensor, Tensor] {
  const isInteger = (x: Operand) => typeof x !== "number" && x.dtype === "int32";
  if (!isInteger(a) && !isInteger(b)) return [float(op, a), float(op, b)];
  return [integer(op, a), integer(op, b)];
}

/** An int32 tensor; whole numbers become constants. */
export function integer(op: string, x: Operand): Tensor {
  if (typeof x === "number") {
    return Number.isInteger(x) ? constant(x, [], "int32") : failShape(op, `${x} is not a whole number`);
  }
  return x.dtype === "int32" ? x : failShape(op, `${shapeText(x.shape)} is ${x.dtype}, expected int32`);
}

/** The broadcast shape of all inputs. */
export function broadcastAll(op: string, inputs: readonly Tensor[]): Shape {
  return inputs.reduce<Shape>(
    (shape, x) =>
      broadcast(shape, x.shape) ??
      failShape(op, `${inputs.map((t) => shapeText(t.shape)).join(" and ")} do not broadcast`),
    [],
  );
}
