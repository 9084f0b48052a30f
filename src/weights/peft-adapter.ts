// LoRA adapters in PEFT's format: adapter_config.json and adapter_model.safetensors with, per adapted linear layer,
// lora_A [rank, in] and lora_B [out, rank] (https://huggingface.co/docs/peft/developer_guides/checkpoint). Knows nothing of architectures.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { readJsonObject } from "../core/json-file.ts";
import { adapterConfigFile, adapterWeightsFile, configFile } from "./folder-files.ts";
import { type AdapterConfig, alphaOf, parseAdapterConfig, rankOf, scaleOf } from "./peft-config.ts";
import { openSafetensors, type StoredTensor } from "./safetensors.ts";

export interface AdaptedModule {
  /** Path of the linear layer in the base model, such as "model.layers.0.self_attn.q_proj". */
  readonly module: string;
  /** [rank, in] */
  readonly a: StoredTensor;
  /** [out, rank] */
  readonly b: StoredTensor;
  readonly rank: number;
  readonly alpha: number;
  /** What B·A is multiplied by: alpha / rank, or alpha / √rank for rank-stabilised LoRA. */
  readonly scale: number;
}

export interface PeftAdapter extends Disposable {
  readonly path: string;
  readonly config: AdapterConfig;
  /** By module path; valid until `dispose`. */
  readonly modules: ReadonlyMap<string, AdaptedModule>;
  dispose(): void;
}

/**
 * Opens an adapter folder.
 * @throws ModelError when a file is missing or malformed, shapes do not fit the rank, or the adapter uses what is not supported
 * (DoRA, modules_to_save, trained biases, other kinds of adapter).
 */
export function openPeftAdapter(path: string): PeftAdapter {
  const configPath = join(path, adapterConfigFile);
  if (!existsSync(configPath)) {
    const problem = existsSync(path) ? `${path} holds no ${adapterConfigFile}` : `there is no adapter folder ${path}`;
    throw new ModelError(problem, {
      hint: existsSync(join(path, configFile))
        ? "It is a whole model: give it as the model, without an adapter."
        : `Give the folder that holds ${adapterConfigFile} and ${adapterWeightsFile}.`,
      place: { file: path },
    });
  }
  const weightsPath = join(path, adapterWeightsFile);
  const config = parseAdapterConfig(readJsonObject(configPath), configPath);
  if (!existsSync(weightsPath)) {
    throw new ModelError(`${path} holds no ${adapterWeightsFile}`, {
      hint: existsSync(join(path, "adapter_model.bin"))
        ? "adapter_model.bin is there, but only safetensors are read: save the adapter again with a current PEFT."
        : "Copy the adapter's weights into the folder.",
      place: { file: path },
    });
  }
  const file = openSafetensors(weightsPath);
  try {
    const modules = pairModules(file.tensors, config, weightsPath);
    const dispose = () => file.dispose();
    return { path, config, modules, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    file.dispose();
    throw error;
  }
}

/** Matches lora_A with lora_B for every module and checks their shapes. @throws ModelError */
function pairModules(
  tensors: ReadonlyMap<string, StoredTensor>,
  config: AdapterConfig,
  file: string,
): Map<string, AdaptedModule> {
  const pairs = new Map<string, { a?: StoredTensor; b?: StoredTensor }>();
  for (const tensor of tensors.values()) {
    const match = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(tensor.name);
    if (!match) {
      throw wrong(file, tensor.name, "is not the lora_A or lora_B weight of a linear layer", unsupported(tensor.name));
    }
    const [, module, part] = match as unknown as [string, string, "A" | "B"];
    const pair = pairs.get(module) ?? {};
    if (part === "A") pair.a = tensor;
    else pair.b = tensor;
    pairs.set(module, pair);
  }
  if (pairs.size === 0) throw wrong(file, undefined, "holds no LoRA weights");

  const modules = new Map<string, AdaptedModule>();
  for (const [module, { a, b }] of pairs) {
    if (!a || !b) throw wrong(file, module, `has lora_${a ? "A" : "B"} but no lora_${a ? "B" : "A"}`);
    const rank = rankOf(config, module);
    if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[0] !== rank || b.shape[1] !== rank) {
      throw wrong(
        file,
        module,
        `lora_A is [${a.shape}] and lora_B [${b.shape}], but the config's rank ${rank} needs [${rank}, in] and [out, ${rank}]`,
      );
    }
    const alpha = alphaOf(config, module);
    modules.set(module, { module, a, b, rank, alpha, scale: scaleOf(config, module) });
  }
  return modules;
}

function unsupported(name: string): string {
  if (name.includes("lora_magnitude_vector")) return "DoRA is not supported.";
  if (name.includes("lora_embedding_")) return "LoRA on embeddings is not supported.";
  if (name.endsWith(".bias")) return "Adapters with trained biases are not supported.";
  return "Only LoRA on linear layers is supported; fully trained modules (modules_to_save) are not.";
}

function wrong(file: string, key: string | undefined, problem: string, hint?: string): ModelError {
  return new ModelError(`${file}: ${key === undefined ? "" : `"${key.slice(0, 200)}" `}${problem}`, {
    hint: hint ?? "Config and weights are not of the same adapter, or one is damaged.",
    place: key === undefined ? { file } : { file, key },
  });
}
