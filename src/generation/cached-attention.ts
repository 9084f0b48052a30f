// Attention of new tokens over the cached keys and values of their row, for a model's blocks: the counterpart of whole-sequence attention.
// Three phases: the prompt fills empty rows, right-padded to one length; then each step adds one token per row, each row at its own position.
// A chunk adds several tokens to a single row.

import type { AttentionContext, LayerKind, ModelConfig, TokenShape } from "../models/architecture.ts";
import { turnHeads } from "../models/rope.ts";
import {
  add,
  constant,
  groupQueryAttention,
  input,
  pad,
  reshape,
  slice,
  type Tensor,
  transpose,
} from "../tensor/index.ts";
import { cachedHeadSize } from "./kv-cache.ts";

export type Phase = "prompt" | "step" | "chunk";

/** Positions int32 [seq] of a chunk's tokens, of which the last is at `lastPositions` [1]. */
export const chunkPositions = (lastPositions: Tensor, seq: number): Tensor =>
  add(
    lastPositions,
    constant(
      Int32Array.from({ length: seq }, (_, i) => i + 1 - seq),
      [seq],
      "int32",
    ),
  );

/** Names of the graph inputs that every block takes besides `hidden` and its weights. */
export const attentionInputs = {
  /** int32 [batch]: position of the row's last token, which is its number of keys after this call minus 1. */
  lastPositions: "lastPositions",
  /** int32 scalar: the largest number of keys after this call; in the prompt phase the padded length. */
  longest: "longest",
  /** [capacity, dimensions / 2], in layers whose positions turn */
  cos: "cos",
  sin: "sin",
  keys: "keys",
  values: "values",
} as const;

export interface CachedAttention extends AttentionContext {
  /** The cache after `attend`: to be written over `keys` and `values`. */
  present(): { readonly presentKeys: Tensor; readonly presentValues: Tensor };
}

/** Attention for one block with a cache of `capacity` positions. `shape.seq` is 1 in the step phase, `shape.batch` in the chunk phase. */
export function cachedAttention(
  config: ModelConfig,
  kind: LayerKind,
  shape: TokenShape,
  phase: Phase,
  capacity: number,
): CachedAttention {
  const { batch, seq } = shape;
  const { heads, kvHeads, headDim } = config;
  const { rope, window } = kind;
  const size = cachedHeadSize(config);
  // The kernel rotates whole heads; where heads are filled up with zeros, or turned in part, the rotation has to come first.
  const rotatesInside = rope?.dimensions === size;
  const cacheShape = [batch, kvHeads, capacity, size];
  const lastPositions = input(attentionInputs.lastPositions, [batch], "int32");
  const longest = input(attentionInputs.longest, [], "int32");
  const rotation = rope && {
    cos: input(attentionInputs.cos, [capacity, rope.dimensions / 2]),
    sin: input(attentionInputs.sin, [capacity, rope.dimensions / 2]),
  };
  let presentKeys: Tensor | undefined;
  let presentValues: Tensor | undefined;

  const positions = (): Tensor => {
    if (phase === "step") return reshape(lastPositions, [batch, 1]);
    if (phase === "chunk") return reshape(chunkPositions(lastPositions, seq), [1, seq]);
    return constant(
      Int32Array.from({ length: batch * seq }, (_, i) => i % seq),
      [batch, seq],
      "int32",
    );
  };
  /** [batch, n, seq, headDim] → [batch, seq, n·size] */
  const tokensFirst = (x: Tensor, n: number) =>
    reshape(transpose(pad(x, 3, 0, size - headDim), [0, 2, 1, 3]), [batch, seq, n * size]);

  // The kernel checks the width of the tables even where it does not use them.
  const unused = constant(new Float64Array(size / 2), [1, size / 2]);
  const inside = rotation && rotatesInside ? rotation : { cos: unused, sin: unused };

  return {
    config,
    kind,
    shape,
    attend(q, k, v) {
      const turned = (x: Tensor) =>
        rotation && !rotatesInside ? turnHeads(x, { ...rotation, positionIds: positions() }) : x;
      const { output, ...present } = groupQueryAttention(
        tokensFirst(turned(q), heads),
        tokensFirst(turned(k), kvHeads),
        tokensFirst(v, kvHeads),
        input(attentionInputs.keys, cacheShape),
        input(attentionInputs.values, cacheShape),
        lastPositions,
        longest,
        inside.cos,
        inside.sin,
        {
          heads,
          kvHeads,
          scale: config.attentionScale,
          softcap: config.attentionSoftcap,
          window,
          rotary: rotatesInside,
        },
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
