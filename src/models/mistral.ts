// Mistral: Llama's block without biases; https://arxiv.org/abs/2310.06825. Windows shorter than the context are refused by the config reader.

import type { Architecture } from "./architecture.ts";
import { decoderStages } from "./decoder.ts";
import { readDecoderConfig } from "./decoder-config.ts";

export const mistral: Architecture = {
  modelType: "mistral",
  readConfig: (config, file) => readDecoderConfig(config, file),
  ...decoderStages,
};
