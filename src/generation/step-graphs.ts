// The graphs of a generation step: embed → block with cache → head on the last token of each row.
// Compiled per shape, run for every layer with that layer's weights and cache.

import type { Architecture, LayerKind, ModelConfig, TokenShape } from "../models/architecture.ts";
import { softcap } from "../models/attention.ts";
import { tokenPositions } from "../models/positions.ts";
import { createStageWeights, type StageLayout } from "../models/stage-weights.ts";
import { type Graph, gather, graph, input } from "../tensor/index.ts";
import { attentionInputs, cachedAttention, chunkPositions, type Phase } from "./cached-attention.ts";
import { fewRowsLinear, likeliest } from "./few-rows.ts";

/** What the head leaves per row: the most likely token (the lowest id when several are), or all logits. */
export type HeadOutput = "token" | "logits";

/** ids int32 [batch·seq] and, in the step and chunk phases of models that look up positions, lastPositions int32 [batch] → next [batch·seq, hidden]. */
export function tokenEmbedding(
  architecture: Architecture,
  config: ModelConfig,
  layout: StageLayout,
  shape: TokenShape,
  phase: Phase,
): Graph {
  const ids = input("ids", [shape.batch * shape.seq], "int32");
  const last = input(attentionInputs.lastPositions, [shape.batch], "int32");
  const positions = {
    prompt: () => tokenPositions(shape, config.maxPositions),
    step: () => last,
    chunk: () => chunkPositions(last, shape.seq),
  }[phase]();
  return graph({ next: architecture.embed({ ids, positions }, createStageWeights(layout), config) });
}

/** hidden [batch·seq, hidden] and the cache → next [batch·seq, hidden], presentKeys, presentValues. */
export function cachedBlock(
  architecture: Architecture,
  config: ModelConfig,
  kind: LayerKind,
  layout: StageLayout,
  shape: TokenShape,
  phase: Phase,
  capacity: number,
): Graph {
  const attention = cachedAttention(config, kind, shape, phase, capacity);
  const hidden = input("hidden", [shape.batch * shape.seq, config.hiddenSize]);
  const next = architecture.block(hidden, createStageWeights(layout, fewRowsLinear), attention);
  return graph({ next, ...attention.present() });
}

/** hidden [batch·seq, hidden] and, when seq > 1, rows int32 [batch] of the last tokens → token int32 [batch], or logits [batch, vocabulary]. */
export function lastTokenHead(
  architecture: Architecture,
  config: ModelConfig,
  layout: StageLayout,
  shape: TokenShape,
  output: HeadOutput,
): Graph {
  const hidden = input("hidden", [shape.batch * shape.seq, config.hiddenSize]);
  const last = shape.seq === 1 ? hidden : gather(hidden, input("rows", [shape.batch], "int32"));
  const weights = createStageWeights(layout, fewRowsLinear);
  const module = architecture.outputWeight.replace(/\.weight$/, "");
  const projected = weights.linear(module, architecture.finalNorm(last, weights, config));
  const logits = softcap(projected, config.logitSoftcap);
  return graph(output === "token" ? { token: likeliest(logits) } : { logits });
}
