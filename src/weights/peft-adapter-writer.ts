// Writes a LoRA adapter that PEFT loads. Knows nothing of how it was trained.

import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { explainFileFailure, writeFileAtomic } from "../core/files.ts";
import { adapterConfigFile, adapterWeightsFile } from "./folder-files.ts";
import { type AdapterConfig, adapterConfigJson, rankOf } from "./peft-config.ts";
import { type TensorToWrite, writeSafetensors } from "./safetensors-writer.ts";

export interface AdaptedModuleToWrite {
  /** Path of the linear layer in the base model, such as "model.layers.0.self_attn.q_proj". */
  readonly module: string;
  /** [rank, in] */
  readonly a: Omit<TensorToWrite, "name">;
  /** [out, rank] */
  readonly b: Omit<TensorToWrite, "name">;
}

/**
 * Writes `adapter_model.safetensors`, then `adapter_config.json`, without which the folder is no adapter. An older adapter there is
 * replaced once the new weights are complete; files that are not the adapter's stay.
 * @throws ModelError when a shape does not fit the config's rank; FileError when the disk is full or not writable.
 */
export async function writePeftAdapter(
  path: string,
  config: AdapterConfig,
  modules: Iterable<AdaptedModuleToWrite>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const tensors: TensorToWrite[] = [];
  for (const { module, a, b } of modules) {
    const rank = rankOf(config, module);
    if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[0] !== rank || b.shape[1] !== rank) {
      throw new ModelError(
        `adapter for "${module}": lora_A is [${a.shape}] and lora_B [${b.shape}], but rank ${rank} needs [${rank}, in] and [out, ${rank}]`,
        { place: { file: path, key: module } },
      );
    }
    tensors.push({ ...a, name: `base_model.model.${module}.lora_A.weight` });
    tensors.push({ ...b, name: `base_model.model.${module}.lora_B.weight` });
  }
  const weights = join(path, adapterWeightsFile);
  const fresh = `${weights}.new`;
  try {
    await writeSafetensors(fresh, tensors, { signal });
    await rm(join(path, adapterConfigFile), { force: true });
    await rename(fresh, weights);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw explainFileFailure(error, path, "write");
  }
  await writeFileAtomic(join(path, adapterConfigFile), `${JSON.stringify(adapterConfigJson(config), null, 2)}\n`);
}
