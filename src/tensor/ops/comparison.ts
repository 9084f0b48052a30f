// Ops that compare and choose. Comparisons give bool and have no gradient.

import { apply, type Op, type OpGroup } from "../op.ts";
import { failShape } from "../shape-error.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastAll, type Operand, sameNumeric } from "./operands.ts";

const compare = (name: string): Op => ({
  infer: (inputs) => ({ shape: broadcastAll(name, inputs), dtype: "bool" }),
});

export const comparisonOps = {
  equal: compare("equal"),
  less: compare("less"),
  greater: compare("greater"),
  where: { infer: (inputs) => ({ shape: broadcastAll("where", inputs), dtype: (inputs[1] as Tensor).dtype }) },
} satisfies OpGroup;

const two = (name: "equal" | "less" | "greater", a: Operand, b: Operand) =>
  apply(comparisonOps, name, sameNumeric(name, a, b));

/** a = b → bool */
export const equal = (a: Operand, b: Operand): Tensor => two("equal", a, b);
/** a < b → bool */
export const less = (a: Operand, b: Operand): Tensor => two("less", a, b);
/** a > b → bool */
export const greater = (a: Operand, b: Operand): Tensor => two("greater", a, b);

/** `a` where the bool `condition` holds, else `b`. Keep infinities out of the branch not taken when a gradient flows through it. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (condition.dtype !== "bool") failShape("where", `condition is ${condition.dtype}, expected bool`);
  return apply(comparisonOps, "where", [condition, ...sameNumeric("where", a, b)]);
}
