// A Hugging Face model folder: config.json, weights in one file or in shards, tokenizer files beside them. Opens without copying a weight.
// Knows nothing of architectures: the config is an unread record.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { type JsonObject, readJsonObject } from "../core/json-file.ts";
import { configFile, generationConfigFile, tokenizerFiles, weightsFile, weightsIndexFile } from "./folder-files.ts";
import { openSafetensors, type SafetensorsFile, type StoredTensor } from "./safetensors.ts";
import { readShardIndex, shardsOf } from "./shard-index.ts";

export interface ModelFolder extends Disposable {
  readonly path: string;
  /** config.json as it is. */
  readonly config: JsonObject;
  /** generation_config.json as it is, if there is one. */
  readonly generationConfig: JsonObject | undefined;
  /** Every tensor of every shard by name; valid until `dispose`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Names of the tokenizer files that are there. */
  readonly tokenizerFiles: readonly string[];
  /** Unmaps the weights. Nothing may read them afterwards. */
  dispose(): void;
}

/**
 * Opens a model folder.
 * @throws ModelError when a file is missing, malformed, or does not hold what the index says.
 */
export function openModelFolder(path: string): ModelFolder {
  requireFolder(path);
  const config = readJsonObject(join(path, configFile));
  const generationPath = join(path, generationConfigFile);
  const generationConfig = existsSync(generationPath) ? readJsonObject(generationPath) : undefined;
  const files = openWeights(path);
  const dispose = () => {
    for (const file of files) file.dispose();
  };
  return {
    path,
    config,
    generationConfig,
    tensors: new Map(files.flatMap((file) => [...file.tensors])),
    tokenizerFiles: tokenizerFiles.filter((name) => existsSync(join(path, name))),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function requireFolder(path: string): void {
  if (!existsSync(path)) {
    throw new ModelError(`there is no model folder ${path}`, {
      hint: "Check the path; a model of the hub is named org/name.",
      place: { file: path },
    });
  }
  if (!statSync(path).isDirectory()) {
    throw new ModelError(`${path} is a file, not a model folder`, {
      hint: `Give the folder that holds ${configFile} and ${weightsFile}.`,
      place: { file: path },
    });
  }
  if (!existsSync(join(path, configFile))) {
    throw new ModelError(`${path} holds no ${configFile}`, {
      hint: whatElse(path),
      place: { file: path },
    });
  }
}

/** What a folder without config.json may be, and what to give instead. */
function whatElse(path: string): string {
  if (existsSync(join(path, "adapter_config.json"))) {
    return "It is an adapter: give the folder of its base model, and this one as the adapter.";
  }
  if (existsSync(join(path, "model", configFile))) return `It is a run folder: its model is in ${join(path, "model")}.`;
  return "A Hugging Face model folder is needed.";
}

function openWeights(path: string): SafetensorsFile[] {
  if (existsSync(join(path, weightsFile))) return [openSafetensors(join(path, weightsFile))];
  const indexPath = join(path, weightsIndexFile);
  if (!existsSync(indexPath)) throw noWeights(path);

  const index = readShardIndex(indexPath);
  const shards = shardsOf(index);
  const missing = shards.filter((name) => !existsSync(join(path, name)));
  if (missing.length > 0) {
    throw new ModelError(
      `${path}: ${missing.length} of ${shards.length} shards are missing: ${missing.slice(0, 5).join(", ")}`,
      {
        hint: "Download or copy the missing files into the folder.",
        place: { file: indexPath },
      },
    );
  }
  const files = new Map<string, SafetensorsFile>();
  try {
    for (const name of shards) files.set(name, openSafetensors(join(path, name)));
    checkShards(index, files, indexPath);
  } catch (error) {
    for (const file of files.values()) file.dispose();
    throw error;
  }
  return [...files.values()];
}

/** Index and shards must agree on every tensor. */
function checkShards(
  index: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, SafetensorsFile>,
  indexPath: string,
): void {
  const hint = "Index and shards are not of the same export; download or export the model again.";
  for (const [tensor, shard] of index) {
    if (files.get(shard)?.tensors.has(tensor)) continue;
    throw new ModelError(`${indexPath} says that ${shard} holds "${tensor}", but it does not`, {
      hint,
      place: { file: indexPath, key: tensor },
    });
  }
  for (const [shard, { tensors }] of files) {
    for (const tensor of tensors.keys()) {
      if (index.get(tensor) === shard) continue;
      const listed = index.get(tensor);
      throw new ModelError(
        `${shard} holds "${tensor}", which ${indexPath} ${listed ? `places in ${listed}` : "does not list"}`,
        { hint, place: { file: indexPath, key: tensor } },
      );
    }
  }
}

function noWeights(path: string): ModelError {
  const other = readdirSync(path).find((name) => /\.(bin|pt|pth|gguf|h5|msgpack|safetensors)$/.test(name));
  const hint = other?.endsWith(".safetensors")
    ? `${other} is there; rename it to ${weightsFile} if it holds the whole model.`
    : other
      ? `${other} is there, but only safetensors are read: convert it (save_pretrained of transformers writes them).`
      : "Download or copy the weights into the folder.";
  return new ModelError(`${path} holds neither ${weightsFile} nor ${weightsIndexFile}`, {
    hint,
    place: { file: path },
  });
}
