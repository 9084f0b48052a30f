// What a reference kernel is: a plain function from dense inputs to the numbers of the result. Knows no op.

import type { Tensor } from "../../tensor/tensor.ts";
import type { Dense, Numbers } from "./dense.ts";

/** Fills `result`, zeros in the node's shape and dtype, and `further` likewise for ops that have several results. */
export type Kernel = (result: Numbers, inputs: readonly Dense[], node: Tensor, further: readonly Numbers[]) => void;
