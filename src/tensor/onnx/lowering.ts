// What a lowering is.

import type { Tensor } from "../tensor.ts";
import type { Emitter } from "./emitter.ts";

/** Emits the nodes of `node`, whose inputs are named; gives the name of its result, or of its several results. */
export type Lowering = (out: Emitter, inputs: readonly string[], node: Tensor) => string | readonly string[];
