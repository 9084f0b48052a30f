// A loaded model: its architecture, config and weights in a backend's memory, with an optional LoRA beside them. Knows nothing of files, batches or training.

import { ModelError } from "../core/errors.ts";
import type { Backend, Value } from "../runtime/backend.ts";
import type { Architecture, LayerKind, ModelConfig, WeightSpec } from "./architecture.ts";
import { loraName, type StageLayout } from "./stage-weights.ts";
import type { Steering } from "./steering.ts";

/** LoRA beside one linear module. */
export interface LoraModule {
  readonly rank: number;
  readonly alpha: number;
  /** alpha / rank, or alpha / √rank when rank-stabilised. */
  readonly scale: number;
}

/** A stage of the model: the embedding, block number `layer`, or the head (final norm and projection to the vocabulary). */
export type StageId = { readonly kind: "embed" } | BlockId | { readonly kind: "head" };

export interface BlockId {
  readonly kind: "block";
  readonly layer: number;
}

export interface Model extends Disposable {
  /** Where it came from, for messages and manifests. */
  readonly source: string;
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  readonly backend: Backend;
  /** Hugging Face weight name → value. LoRA matrices are here too, under "<module>.lora_A.weight" and "…lora_B.weight". */
  readonly weights: Map<string, Value>;
  /** Full path of each linear module with a LoRA beside it, such as "model.layers.0.self_attn.q_proj". */
  readonly lora: Map<string, LoraModule>;
  /** Set on a small model that steers another: its logits then stand for the sum's wherever rows are looked at. */
  readonly steering?: Steering | undefined;
  /** Rows of the embedding table behind the vocabulary: tokens that prompts may hold and the model never says. */
  readonly softTokens?: number | undefined;
  dispose(): void;
}

/** All stages in order of computation. */
export function stagesOf(config: ModelConfig): StageId[] {
  const blocks = Array.from({ length: config.layers }, (_, layer): StageId => ({ kind: "block", layer }));
  return [{ kind: "embed" }, ...blocks, { kind: "head" }];
}

export const layerKind = (config: ModelConfig, layer: number): LayerKind => config.layerKinds[layer] as LayerKind;

function prefixOf(architecture: Architecture, stage: StageId): string {
  return stage.kind === "block" ? architecture.prefix.block(stage.layer) : architecture.prefix[stage.kind];
}

/** The weights of a stage with their full Hugging Face names, LoRA left out. */
export function stageWeightSpecs(
  architecture: Architecture,
  config: ModelConfig,
  stage: StageId,
): (WeightSpec & { readonly fullName: string })[] {
  const prefix = prefixOf(architecture, stage);
  return architecture.weights[stage.kind](config).map((spec) => ({ ...spec, fullName: prefix + spec.name }));
}

/** Full name of the weight `name` of `stage`; a tied output projection is the embedding table. */
export function fullName(model: Pick<Model, "architecture" | "config">, stage: StageId, name: string): string {
  const { architecture, config } = model;
  if (stage.kind === "head" && name === architecture.outputWeight && config.tieEmbeddings) {
    return architecture.prefix.embed + architecture.embeddingWeight;
  }
  return prefixOf(architecture, stage) + name;
}

/** A linear layer's sizes, and whether its weight is stored [in, out] instead of [out, in]. */
export interface LinearModule {
  readonly out: number;
  readonly inputs: number;
  readonly transposed: boolean;
}

/** The model's linear modules by full path: what LoRA can sit beside. */
export function linearModules(architecture: Architecture, config: ModelConfig): Map<string, LinearModule> {
  const modules = new Map<string, LinearModule>();
  for (const stage of stagesOf(config)) {
    for (const spec of stageWeightSpecs(architecture, config, stage)) {
      if (spec.shape.length !== 2 || (stage.kind === "embed" && !spec.linear)) continue;
      const transposed = spec.transposed === true;
      const [out, inputs] = (transposed ? spec.shape.toReversed() : spec.shape) as [number, number];
      modules.set(spec.fullName.replace(/\.weight$/, ""), { out, inputs, transposed });
    }
  }
  return modules;
}

/** Shapes and dtypes of a stage's weights as they are stored, and its LoRA. */
export function stageLayout(model: Model, stage: StageId): StageLayout {
  const { architecture, config } = model;
  const specs = architecture.weights[stage.kind](config);
  const names = specs.map((spec) => spec.name);
  const transposed = new Set(specs.filter((spec) => spec.transposed).map((spec) => spec.name));
  if (stage.kind === "head" && !names.includes(architecture.outputWeight)) names.push(architecture.outputWeight);
  const lora: Record<string, number> = {};
  for (const name of [...names]) {
    const module = name.replace(/\.weight$/, "");
    const adapted = model.lora.get(prefixOf(architecture, stage) + module);
    if (!adapted) continue;
    lora[module] = adapted.scale;
    names.push(loraName(module, "A"), loraName(module, "B"));
  }
  const described = names.map((name) => {
    const value = weightOf(model, fullName(model, stage, name));
    const described = { shape: value.shape, dtype: value.dtype };
    return [name, transposed.has(name) ? { ...described, transposed: true as const } : described] as const;
  });
  return { weights: Object.fromEntries(described), lora };
}

/** @throws ModelError if the model has no such weight. */
export function weightOf(model: Model, name: string): Value {
  const value = model.weights.get(name);
  if (!value) throw new ModelError(`${model.source} has no weight "${name}"`);
  return value;
}

/** Number of scalars, tied weights counted once, LoRA included. */
export function parameterCount(model: Model): number {
  let count = 0;
  for (const value of model.weights.values()) count += value.shape.reduce((a, b) => a * b, 1);
  return count;
}
