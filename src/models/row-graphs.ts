// The graphs over chosen rows of a batch: quantities at the head or at a block's output, forward and backward, and the ways of rows into and out of
// the whole batch. Knows shapes and layouts; knows no weights' numbers and no loss.

import { add, type Graph, gather, graph, input, scatterAddRows, type Tensor } from "../tensor/index.ts";
import type { Architecture, ModelConfig } from "./architecture.ts";
import { softcap } from "./attention.ts";
import { type BlockQuantitySpec, blockQuantity } from "./block-quantities.ts";
import { referenceModule } from "./row-chunks.ts";
import { quantityKey, type RowContext, type RowQuantitySpec, rowQuantity } from "./row-quantities.ts";
import { createStageWeights, type StageLayout, type StageWeights } from "./stage-weights.ts";
import { collectGradients, cotangentName, type GradientRequest } from "./stages.ts";
import { type SteeringLayout, steeredLogits } from "./steering.ts";

/** What is computed on a chunk of rows. */
export interface RowRequest<Spec> {
  /** Rows in the chunk. */
  readonly rows: number;
  /** Positions in the batch the rows are taken from. */
  readonly tokens: number;
  readonly quantities: readonly Spec[];
  /** The reference's output layer as it is stored: as the model's was before training made it float32. Needed by quantities that use it. */
  readonly reference?: StageLayout["weights"] | undefined;
  /** Where the model steers another: the logits are then the sum's, and the steered model's own are the reference's. */
  readonly steering?: SteeringLayout | undefined;
}

/** Quantities of some rows, traced: what they follow from, and what else a gradient can go to. */
export interface RowTrace {
  readonly weights: StageWeights;
  /** [rows, hidden] */
  readonly gathered: Tensor;
  /** By key, each [rows]. */
  readonly quantities: Readonly<Record<string, Tensor>>;
  /** Of `quantities`, those a gradient can come from. */
  readonly differentiable: readonly string[];
}

const outputModule = (architecture: Architecture) => architecture.outputWeight.replace(/\.weight$/, "");

/**
 * hidden [tokens, hidden], rows int32 [rows], labels int32 [rows] (, referenceHidden and the reference's output layer) (, what steering.ts asks for)
 * → each quantity [rows].
 */
export function headRows(
  architecture: Architecture,
  config: ModelConfig,
  layout: StageLayout,
  request: RowRequest<RowQuantitySpec>,
): RowTrace {
  const labels = input("labels", [request.rows], "int32");
  const weights = createStageWeights(layout);
  const gathered = gatheredRows(config, request);
  const projected = weights.linear(outputModule(architecture), architecture.finalNorm(gathered, weights, config));
  const capped = (raw: Tensor) => softcap(raw, config.logitSoftcap);
  const own = capped(projected);
  const sum = request.steering && steeredLogits(own, request.steering, config.embeddingSize, capped);
  let reference: Tensor | undefined;
  const context: RowContext = {
    logits: sum?.logits ?? own,
    labels,
    referenceLogits: () => {
      if (sum) return sum.steered;
      const frozen = createStageWeights({ lora: {}, weights: request.reference ?? {} });
      const normed = input("referenceHidden", [request.rows, config.embeddingSize]);
      reference ??= capped(frozen.linear(referenceModule, normed));
      return reference;
    },
  };
  const found = request.quantities.map((spec) => [quantityKey(spec), rowQuantity(spec)] as const);
  return {
    weights,
    gathered,
    quantities: Object.fromEntries(found.map(([key, quantity]) => [key, quantity.build(context)])),
    differentiable: found.filter(([, quantity]) => quantity.differentiable).map(([key]) => key),
  };
}

/** hidden [tokens, hidden], rows int32 [rows] (, referenceHidden [rows, hidden]) → each quantity [rows]. */
export function blockRows(config: ModelConfig, request: RowRequest<BlockQuantitySpec>): RowTrace {
  const gathered = gatheredRows(config, request);
  const referenceHidden = () => input("referenceHidden", gathered.shape);
  const found = request.quantities.map(
    (spec) => [quantityKey(spec), blockQuantity(spec).build({ hidden: gathered, referenceHidden })] as const,
  );
  return {
    weights: createStageWeights({ weights: {}, lora: {} }),
    gathered,
    quantities: Object.fromEntries(found),
    differentiable: found.map(([key]) => key),
  };
}

const gatheredRows = (config: ModelConfig, { rows, tokens }: RowRequest<unknown>): Tensor =>
  gather(input("hidden", [tokens, config.hiddenSize]), input("rows", [rows], "int32"));

/**
 * The gradient of traced rows, each quantity's cotangent [rows] being an input: computed together with the quantities (`fused`), or alone.
 * Output `rowGradient` [rows, hidden] is towards the gathered rows.
 */
export function rowGradients(trace: RowTrace, gradient: GradientRequest, fused: boolean): Graph {
  const seeds = trace.differentiable.map((key) => {
    const output = trace.quantities[key] as Tensor;
    return { output, cotangent: input(cotangentName(key), output.shape) };
  });
  const outputs = collectGradients(
    trace.weights,
    seeds,
    gradient,
    gradient.input ? { rowGradient: trace.gathered } : {},
  );
  return graph(fused ? { ...trace.quantities, ...outputs } : outputs);
}

/**
 * rows int32 [rows], rowGradient [rows, hidden] → gradient [tokens, hidden], added to `accumulated` when asked.
 * Rows that only pad the chunk carry zeros.
 */
export function scatterRows(config: ModelConfig, rows: number, tokenCount: number, accumulate: boolean): Graph {
  const index = input("rows", [rows], "int32");
  const scattered = scatterAddRows(tokenCount, index, input("rowGradient", [rows, config.hiddenSize]));
  return graph({ gradient: accumulate ? add(input("accumulated", scattered.shape), scattered) : scattered });
}

/** hidden [tokens, hidden], rows int32 [rows] → the rows after the final norm [rows, embeddingSize]: all a reference must keep for a KL term. */
export function finalHidden(
  architecture: Architecture,
  config: ModelConfig,
  layout: StageLayout,
  request: RowRequest<never>,
): Graph {
  return graph({ states: architecture.finalNorm(gatheredRows(config, request), createStageWeights(layout), config) });
}

/** hidden [tokens, hidden], rows int32 [rows] → the rows' logits [rows, vocabulary], those of the model alone also where it steers another. */
export function rowLogits(
  architecture: Architecture,
  config: ModelConfig,
  layout: StageLayout,
  request: RowRequest<never>,
): Graph {
  const weights = createStageWeights(layout);
  const normed = architecture.finalNorm(gatheredRows(config, request), weights, config);
  return graph({ logits: softcap(weights.linear(outputModule(architecture), normed), config.logitSoftcap) });
}

/** hidden [tokens, hidden], rows int32 [rows] → the rows as they are. */
export const plainHidden = (config: ModelConfig, request: RowRequest<never>): Graph =>
  graph({ states: gatheredRows(config, request) });
