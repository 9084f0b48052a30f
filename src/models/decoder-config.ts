// Reads the config.json fields that the Llama family shares; each architecture adds what is its own. Refuses what Lethe does not compute.

import { z } from "zod";
import { findProblems, keyName, type Problem } from "../core/config-problems.ts";
import { ModelError } from "../core/errors.ts";
import type { ModelConfig, RopeScaling } from "./architecture.ts";

const positive = z.number().int().positive();

const ropeScalingSchema = z
  .object({
    rope_type: z.string().optional(),
    type: z.string().optional(),
    factor: z.number().optional(),
    low_freq_factor: z.number().optional(),
    high_freq_factor: z.number().optional(),
    original_max_position_embeddings: z.number().optional(),
    rope_theta: z.number().optional(),
  })
  .loose();

const decoderSchema = z
  .object({
    model_type: z.string(),
    vocab_size: positive,
    hidden_size: positive,
    num_hidden_layers: positive,
    num_attention_heads: positive,
    num_key_value_heads: positive.nullish(),
    head_dim: positive.nullish(),
    intermediate_size: positive,
    max_position_embeddings: positive.default(2048),
    rms_norm_eps: z.number().positive().default(1e-6),
    rope_theta: z.number().positive().default(10000),
    rope_scaling: ropeScalingSchema.nullish(),
    rope_parameters: ropeScalingSchema.nullish(),
    hidden_act: z.string().default("silu"),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    initializer_range: z.number().positive().default(0.02),
    sliding_window: z.number().nullish(),
    use_sliding_window: z.boolean().optional(),
  })
  .loose();

/** The raw fields after validation, for an architecture's own decisions. */
export type DecoderFields = z.infer<typeof decoderSchema>;

/**
 * Validates `config` and normalises it.
 * @throws ModelError naming the file and the field, for a missing or impossible value, an activation other than SiLU,
 * a rotary scaling other than `linear` and `llama3`, or sliding-window attention.
 */
export function readDecoderConfig(
  config: unknown,
  file: string,
  own: (fields: DecoderFields) => Partial<ModelConfig> = () => ({}),
): ModelConfig {
  const parsed = decoderSchema.safeParse(config, { reportInput: true });
  if (!parsed.success) {
    const [problem] = findProblems(decoderSchema, config, parsed.error) as [Problem];
    throw new ModelError(problem.message, {
      place: { file, key: keyName(problem.path) },
      hint: problem.hint ?? "Correct the field, or take config.json from the model's original folder.",
    });
  }
  const fields = parsed.data;
  const refuse = (key: string, message: string, hint: string) => {
    throw new ModelError(message, { place: { file, key }, hint });
  };
  if (fields.hidden_act !== "silu") {
    refuse("hidden_act", `activation "${fields.hidden_act}" is not computed`, "this architecture uses silu");
  }
  const kvHeads = fields.num_key_value_heads ?? fields.num_attention_heads;
  if (fields.num_attention_heads % kvHeads !== 0) {
    refuse(
      "num_key_value_heads",
      `${fields.num_attention_heads} heads cannot share ${kvHeads} key/value heads`,
      "num_attention_heads must be a multiple of num_key_value_heads",
    );
  }
  const headDim = fields.head_dim ?? fields.hidden_size / fields.num_attention_heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    refuse(
      "hidden_size",
      `head size ${headDim} is not an even whole number`,
      "check hidden_size and num_attention_heads",
    );
  }
  const slides = fields.sliding_window != null && fields.use_sliding_window !== false;
  if (slides && (fields.sliding_window as number) < fields.max_position_embeddings) {
    refuse(
      "sliding_window",
      `sliding-window attention (window ${fields.sliding_window}) is not implemented`,
      'set "sliding_window": null if your texts are shorter than the window: the results are then equal',
    );
  }
  return {
    modelType: fields.model_type,
    vocabularySize: fields.vocab_size,
    hiddenSize: fields.hidden_size,
    layers: fields.num_hidden_layers,
    heads: fields.num_attention_heads,
    kvHeads,
    headDim,
    intermediateSize: fields.intermediate_size,
    maxPositions: fields.max_position_embeddings,
    normEps: fields.rms_norm_eps,
    rope: readRope(fields, refuse),
    tieEmbeddings: fields.tie_word_embeddings,
    attentionBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
    initializerRange: fields.initializer_range,
    ...own(fields),
  };
}

function readRope(
  fields: DecoderFields,
  refuse: (key: string, message: string, hint: string) => void,
): ModelConfig["rope"] {
  const raw = fields.rope_parameters ?? fields.rope_scaling;
  const theta = raw?.rope_theta ?? fields.rope_theta;
  const type = raw?.rope_type ?? raw?.type ?? "default";
  let scaling: RopeScaling | undefined;
  if (raw && type === "linear") {
    scaling = { type, factor: raw.factor ?? 1 };
  } else if (raw && type === "llama3") {
    scaling = {
      type,
      factor: raw.factor ?? 8,
      lowFrequencyFactor: raw.low_freq_factor ?? 1,
      highFrequencyFactor: raw.high_freq_factor ?? 4,
      originalMaxPositions: raw.original_max_position_embeddings ?? 8192,
    };
  } else if (type !== "default") {
    refuse("rope_scaling", `rotary scaling "${type}" is not implemented`, "implemented are: default, linear, llama3");
  }
  return { theta, scaling };
}
