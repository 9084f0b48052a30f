// The names of the files that make up a Hugging Face model folder, and the rules for names found inside its files. Knows nothing of contents.

import { ModelError } from "../core/errors.ts";

export const configFile = "config.json";
export const generationConfigFile = "generation_config.json";
export const weightsFile = "model.safetensors";
export const weightsIndexFile = "model.safetensors.index.json";
export const adapterConfigFile = "adapter_config.json";
export const adapterWeightsFile = "adapter_model.safetensors";

/** Everything a tokenizer may be made of, in the order in which it is copied. */
export const tokenizerFiles: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "tokenizer.model",
  "chat_template.jinja",
  "chat_template.json",
];

/**
 * The name of a shard as an index lists it. Indexes come from strangers: only plain names of safetensors files beside the index are allowed.
 * @throws ModelError
 */
export function requireShardName(name: unknown, indexPath: string): string {
  if (typeof name === "string" && /^[\w][\w.+-]*\.safetensors$/.test(name)) return name;
  throw new ModelError(`${indexPath}: weight_map points to ${String(JSON.stringify(name)).slice(0, 200)}`, {
    hint: "Only names of .safetensors files in the same folder are allowed there.",
    place: { file: indexPath, key: "weight_map" },
  });
}
