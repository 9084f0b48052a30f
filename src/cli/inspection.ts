// Gathers what `lethe inspect` shows as plain data. Reads headers and configurations only, never the weights themselves.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { isJsonObject, type JsonObject, readJsonObject } from "../core/json-file.ts";
import type { RunManifest } from "../core/manifest.ts";
import { readRunFolder } from "../reporting/run-folder.ts";
import { openModelFolder } from "../weights/model-folder.ts";
import { openPeftAdapter } from "../weights/peft-adapter.ts";
import { openSafetensors, type StoredTensor } from "../weights/safetensors.ts";

export type Inspection = ModelInspection | AdapterInspection | WeightsInspection | RunInspection;

export interface TensorFacts {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export interface WeightFacts {
  readonly path: string;
  /** Stored numbers; a tied head is stored, and counted, once. */
  readonly parameters: number;
  readonly bytes: number;
  /** dtype -> stored numbers. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly files: readonly string[];
  readonly tensors: readonly TensorFacts[];
}

export interface ModelInspection extends WeightFacts {
  readonly kind: "model";
  readonly config: JsonObject;
  readonly tokenizer: TokenizerFacts | null;
}

export interface TokenizerFacts {
  readonly files: readonly string[];
  /** Model of tokenizer.json, such as "BPE"; null without that file. */
  readonly type: string | null;
  /** Entries of the vocabulary without added tokens. */
  readonly vocabulary: number | null;
  readonly addedTokens: number | null;
  /** "bos", "eos", "pad", "unk" -> text, of those that are set. */
  readonly special: Readonly<Record<string, string>>;
  readonly chatTemplate: boolean;
}

export interface AdapterInspection extends WeightFacts {
  readonly kind: "adapter";
  readonly config: object;
  readonly modules: readonly { readonly module: string; readonly rank: number; readonly scale: number }[];
}

export interface WeightsInspection extends WeightFacts {
  readonly kind: "weights";
  readonly metadata: Readonly<Record<string, string>>;
}

export interface RunInspection {
  readonly kind: "run";
  readonly path: string;
  readonly manifest: RunManifest;
  readonly steps: number;
  readonly lastLoss: number | null;
  readonly evaluations: readonly {
    readonly column: string;
    readonly model: string;
    readonly sets: readonly string[];
  }[];
  readonly notices: readonly string[];
  /** The resolved configuration as it was saved. */
  readonly config: string;
}

/** @throws LetheError when the path holds none of what can be inspected, or holds it damaged. */
export async function inspectPath(path: string): Promise<Inspection> {
  if (!statSync(path).isDirectory()) return inspectWeights(path);
  const has = (name: string) => existsSync(join(path, name));
  if (has("adapter_config.json")) return inspectAdapter(path);
  if (has("config.json")) return inspectModel(path);
  if (has("config.yaml") || has("manifest.json")) return inspectRun(path);
  throw new ModelError(`${path} is neither a model, an adapter nor a run folder`, {
    hint: "One holds config.json (model), adapter_config.json (adapter) or manifest.json (run).",
    place: { file: path },
  });
}

function inspectWeights(path: string): WeightsInspection {
  using file = openSafetensors(path);
  return { kind: "weights", ...weightFacts(path, file.tensors.values()), metadata: file.metadata };
}

function inspectModel(path: string): ModelInspection {
  using folder = openModelFolder(path);
  return {
    kind: "model",
    ...weightFacts(path, folder.tensors.values()),
    config: folder.config,
    tokenizer: folder.tokenizerFiles.length === 0 ? null : tokenizerFacts(path, folder.tokenizerFiles),
  };
}

function inspectAdapter(path: string): AdapterInspection {
  using adapter = openPeftAdapter(path);
  const modules = [...adapter.modules.values()];
  return {
    kind: "adapter",
    ...weightFacts(
      path,
      modules.flatMap(({ a, b }) => [a, b]),
    ),
    config: adapter.config,
    modules: modules.map(({ module, rank, scale }) => ({ module, rank, scale })),
  };
}

async function inspectRun(path: string): Promise<RunInspection> {
  const run = await readRunFolder(path);
  return {
    kind: "run",
    path,
    manifest: run.manifest,
    steps: run.steps.at(-1)?.step ?? 0,
    lastLoss: run.steps.at(-1)?.loss ?? null,
    evaluations: run.evaluations.map(({ column, model, sets }) => ({
      column,
      model,
      sets: sets.map(({ set }) => set),
    })),
    notices: run.notices,
    config: run.config,
  };
}

function weightFacts(path: string, stored: Iterable<StoredTensor>): WeightFacts {
  const all = [...stored];
  const dtypes: Record<string, number> = {};
  let parameters = 0;
  for (const { dtype, shape } of all) {
    const count = shape.reduce((product, size) => product * size, 1);
    dtypes[dtype] = (dtypes[dtype] ?? 0) + count;
    parameters += count;
  }
  return {
    path,
    parameters,
    bytes: all.reduce((sum, { byteLength }) => sum + byteLength, 0),
    dtypes,
    files: [...new Set(all.map(({ file }) => file))],
    tensors: all.map(({ name, dtype, shape, byteLength }) => ({ name, dtype, shape, bytes: byteLength })),
  };
}

function tokenizerFacts(path: string, files: readonly string[]): TokenizerFacts {
  const read = (name: string): JsonObject => (files.includes(name) ? readJsonObject(join(path, name)) : {});
  const tokenizer = read("tokenizer.json");
  const config = read("tokenizer_config.json");
  const model = isJsonObject(tokenizer.model) ? tokenizer.model : {};
  const special: Record<string, string> = {};
  for (const name of ["bos", "eos", "pad", "unk"]) {
    const token = config[`${name}_token`];
    const text = isJsonObject(token) ? token.content : token;
    if (typeof text === "string") special[name] = text;
  }
  return {
    files,
    type: typeof model.type === "string" ? model.type : null,
    vocabulary: sizeOf(model.vocab),
    addedTokens: sizeOf(tokenizer.added_tokens),
    special,
    chatTemplate:
      typeof config.chat_template === "string" ||
      Array.isArray(config.chat_template) ||
      files.includes("chat_template.jinja"),
  };
}

/** BPE keeps its vocabulary as an object, Unigram as a list. */
function sizeOf(entries: unknown): number | null {
  if (Array.isArray(entries)) return entries.length;
  return isJsonObject(entries) ? Object.keys(entries).length : null;
}
