// Attention of new tokens over the cached keys and values of their row, for a model's blocks: the counterpart of whole-sequence attention.
// Two phases: the prompt fills empty rows, right-padded to one length; then each step adds one token per row, each row at its own position.

import type { AttentionContext, ModelConfig, TokenShape } from "../models/architecture.ts";
import {
  constant,
  groupQueryAttention,
  input,
  pad,
  reshape,
  rotary,
  slice,
  type Tensor,
  transpose,
} from "../tensor/index.ts";
import { cachedHeadSize } from "./kv-cache.ts";

export type Phase = "prompt" | "step";

/** Names of the graph inputs that every block takes besides `hidden` and its weights. */
export const attentionInputs = {
  /** int32 [batch]: position of the row's last token, which is its number of keys after this call minus 1. */
  lastPositions: "lastPositions",
  /** int32 scalar: the largest number of keys after this call; in the prompt phase the padded length. */
  longest: "longest",
  /** [capacity, headDim / 2] */
  cos: "cos",
  sin: "sin",
  keys: "keys",
  values: "values",
} as const;

export interface CachedAttention extends AttentionContext {
  /** The cache after `attend`: to be written over `keys` and `values`. */
  present(): { readonly presentKeys: Tensor; readonly presentValues: Tensor };
}

/** Attention for one block with a cache of `capacity` positions. `shape.seq` is 1 in the step phase. */
export function cachedAttention(
  config: ModelConfig,
  shape: TokenShape,
  phase: Phase,
  capacity: number,
): CachedAttention {
  const { batch, seq } = shape;
  const { heads, kvHeads, headDim } = config;
  const size = cachedHeadSize(config);
  // The kernel rotates whole heads; where heads are filled up with zeros the rotation has to come first.
  const rotatesInside = size === headDim;
  const cacheShape = [batch, kvHeads, capacity, size];
  const lastPositions = input(attentionInputs.lastPositions, [batch], "int32");
  const longest = input(attentionInputs.longest, [], "int32");
  const tables = [attentionInputs.cos, attentionInputs.sin].map((name) => input(name, [capacity, headDim / 2]));
  const [cos, sin] = tables as [Tensor, Tensor];
  let presentKeys: Tensor | undefined;
  let presentValues: Tensor | undefined;

  const positions = (): Tensor =>
    phase === "step"
      ? reshape(lastPositions, [batch, 1])
      : constant(
          Int32Array.from({ length: batch * seq }, (_, i) => i % seq),
          [batch, seq],
          "int32",
        );
  /** [batch, n, seq, headDim] → [batch, seq, n·size] */
  const tokensFirst = (x: Tensor, n: number) =>
    reshape(transpose(pad(x, 3, 0, size - headDim), [0, 2, 1, 3]), [batch, seq, n * size]);

  return {
    config,
    shape,
    attend(q, k, v) {
      const turned = (x: Tensor) => (rotatesInside ? x : rotary(x, cos, sin, positions()));
      // The kernel checks the width of the tables even where it does not use them.
      const unused = constant(new Float64Array(size / 2), [1, size / 2]);
      const { output, ...present } = groupQueryAttention(
        tokensFirst(turned(q), heads),
        tokensFirst(turned(k), kvHeads),
        tokensFirst(v, kvHeads),
        input(attentionInputs.keys, cacheShape),
        input(attentionInputs.values, cacheShape),
        lastPositions,
        longest,
        rotatesInside ? cos : unused,
        rotatesInside ? sin : unused,
        { heads, kvHeads, scale: headDim ** -0.5, rotary: rotatesInside },
      );
      presentKeys = present.presentK;
      presentValues = present.presentV;
      const perHead = transpose(reshape(output, [batch, seq, heads, size]), [0, 2, 1, 3]);
      return slice(perHead, 3, 0, headDim);
    },
    present() {
      if (!presentKeys || !presentValues) throw new Error("the block did not attend");
      return { presentKeys, presentValues };
    },
  };
}
