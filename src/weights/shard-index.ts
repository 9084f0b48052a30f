// The index that says which shard of a split model holds which tensor. Knows nothing of the shards themselves.

import { ModelError } from "../core/errors.ts";
import { isJsonObject, type JsonObject, readJsonObject } from "../core/json-file.ts";
import { requireShardName } from "./folder-files.ts";

/** Tensor name → shard file name. */
type ShardIndex = ReadonlyMap<string, string>;

/** Reads `model.safetensors.index.json`. @throws ModelError when it is malformed or points outside its folder. */
export function readShardIndex(path: string): ShardIndex {
  return parseShardIndex(readJsonObject(path, { limitBytes: 100_000_000 }), path);
}

/** @throws ModelError */
export function parseShardIndex(index: JsonObject, path: string): ShardIndex {
  const map = index.weight_map;
  if (!isJsonObject(map) || Object.keys(map).length === 0) {
    throw new ModelError(`${path}: "weight_map" is not an object from tensor names to file names`, {
      hint: "The index is damaged; download or export the model again.",
      place: { file: path, key: "weight_map" },
    });
  }
  return new Map(Object.entries(map).map(([tensor, shard]) => [tensor, requireShardName(shard, path)]));
}

/** The names of the shards, each once, in order. */
export function shardsOf(index: ShardIndex): string[] {
  return [...new Set(index.values())].sort();
}
