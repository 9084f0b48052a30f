// Ops with several results: the op's own node is its first result, and an `extraOutput` node stands for each further one.

import { apply, type Op, type TensorType } from "../op.ts";
import { failShape } from "../shape-error.ts";
import type { Tensor } from "../tensor.ts";

/** The entry depends on the node it belongs to, so its type is handed in. */
const entry = (type: TensorType) => ({ extraOutput: { infer: () => type } });

export const extraOutputOps = {
  extraOutput: {
    infer: () => failShape("extraOutput", "is made by the op that it belongs to"),
  },
} satisfies Record<string, Op>;

/** Result `index` ≥ 1 of `node`, whose op is `op`. */
export function extraOutput(node: Tensor, op: Op, index: number): Tensor {
  const type = op.extraOutputs?.(node.inputs, node.attributes)[index - 1];
  if (!type) return failShape(node.op, `has no output ${index}`);
  return apply(entry({ shape: type.shape, dtype: type.dtype }), "extraOutput", [node], { index });
}
