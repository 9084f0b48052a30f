// What every run needs before it can begin: a backend, a model with its tokenizer, records as token ids. Knows nothing of losses.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { Reporter } from "../core/events.ts";
import type { JsonObject } from "../core/json-file.ts";
import type { AutomaticChoice } from "../core/manifest.ts";
import type { Random } from "../core/random.ts";
import { type EncodedExample, type EncodingOptions, encodeRecords } from "../data/encoding.ts";
import { lettered } from "../data/lettered.ts";
import { loadRecords } from "../data/load-records.ts";
import { inOtherWords, inPhrasings } from "../data/phrasings.ts";
import type { DataRecord } from "../data/record.ts";
import { inForm, withOpening } from "../data/reshape.ts";
import { sideOf } from "../data/split.ts";
import type { BatchDecoder } from "../generation/index.ts";
import { architectureOf } from "../models/architectures.ts";
import { initialiseModel, loadModel } from "../models/load.ts";
import { loadAdapter, mergeLora } from "../models/lora.ts";
import type { Model } from "../models/model.ts";
import { createOrtBackend, type OrtBackend } from "../runtime/ort/index.ts";
import { checkTokenizerFits, loadChatTemplate, loadTokenizer, type Tokenizer, trainTokenizer } from "../text/index.ts";
import type { BranchExamples } from "../training/batches.ts";
import type { Loss } from "../training/loss.ts";
import type { Padding } from "../training/loss-batch.ts";
import { openModelFolder, resolveModel } from "../weights/index.ts";
import type { DataSources, TrainConfig } from "./config.ts";

/** A model ready for use, with what belongs to it. */
export interface Session extends Disposable {
  readonly backend: OrtBackend;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly encoding: EncodingOptions;
  /** config.json of the model. */
  readonly config: JsonObject;
  /** Folder with the tokenizer files. */
  readonly tokenizerFolder: string;
  /** The model whose weights these are, unchanged: what a new adapter can be laid over. Undefined for random weights and where an adapter was merged. */
  readonly adapterBase: string | undefined;
  readonly choices: readonly AutomaticChoice[];
  /** Folder of the model; undefined for random weights. */
  readonly modelFolder: string | undefined;
  /** Set where the model is a small one that is trained to steer another. */
  readonly steers?: Steers | undefined;
}

/** What goes with a model that steers another. */
export interface Steers {
  /** The steered model: what is asked of the model as it was is asked of it. */
  readonly session: Session;
  /** Continues texts as both together do, with the weights that the small one has now. */
  decoder(): BatchDecoder & Disposable;
  /** Undefined where nothing is trained. */
  readonly training?: SteeredTraining;
}

export interface SteeredTraining {
  /** The same model for measuring: held against what the steered model says now, not against what is kept in 16 bits for training. */
  readonly measured: Model;
  /** Asks the steered model beforehand what a training over these examples will need of it. */
  prepare(
    loss: Loss,
    examples: BranchExamples,
    options: Pick<SessionOptions, "report" | "signal"> & { readonly padding: Padding },
  ): Promise<void>;
  /** Writes into the run folder what the trained model belongs to. */
  describe(runFolder: string): Promise<void>;
  /** Throws away what was only kept for the run. */
  finish(): Promise<void>;
}

export interface SessionOptions {
  readonly adapter?: string | undefined;
  /** True to keep the adapter beside the weights instead of merging it into them. */
  readonly keepAdapter?: boolean | undefined;
  readonly device: "cpu" | "webgpu";
  readonly encoding: EncodingOptions;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a model by folder or hub id. */
export async function openSession(idOrPath: string, options: SessionOptions): Promise<Session> {
  const path = await findModel(idOrPath, options);
  using folder = openModelFolder(path);
  return sessionOf((backend) => loadModel(path, backend), folder.config, path, options, { name: idOrPath, path });
}

/** Finds a model and reads all but its weights. @throws what `openSession` throws before it reads them. */
export async function checkModel(idOrPath: string, options: Pick<SessionOptions, "report" | "signal">): Promise<void> {
  const path = await findModel(idOrPath, options);
  using folder = openModelFolder(path);
  const file = join(path, "config.json");
  const { vocabularySize } = architectureOf(folder.config, file).readConfig(folder.config, file);
  checkTokenizerFits(loadTokenizer(path), vocabularySize, path);
}

async function findModel(
  idOrPath: string,
  { report, signal }: Pick<SessionOptions, "report" | "signal">,
): Promise<string> {
  const { path, note } = await resolveModel(idOrPath, { signal });
  if (note !== undefined) report({ type: "note", text: `${idOrPath} is taken from the cache`, reason: note });
  return path;
}

/** Makes a model from random weights, after training its tokenizer on `records` when it has none. */
export async function openRandomSession(
  spec: Exclude<TrainConfig["model"], string>,
  records: readonly DataRecord[],
  tokenizerFolder: string,
  random: Random,
  options: SessionOptions,
): Promise<Session> {
  const folder = typeof spec.tokenizer === "string" ? spec.tokenizer : tokenizerFolder;
  if (typeof spec.tokenizer !== "string" && !existsSync(join(folder, "tokenizer.json"))) {
    options.report({ type: "phase-start", phase: "train tokenizer" });
    const started = performance.now();
    const { vocabularySize } = spec.tokenizer;
    await trainTokenizer(records.flatMap(textsOf), folder, { vocabularySize, signal: options.signal });
    options.report({ type: "phase-end", phase: "train tokenizer", seconds: (performance.now() - started) / 1000 });
  }
  const tokenizer = loadTokenizer(folder);
  const config: JsonObject = {
    architectures: [architectureOf(spec.config, "model.config").className],
    torch_dtype: "float32",
    ...spec.config,
    vocab_size: tokenizer.vocabularySize,
    bos_token_id: tokenizer.bosId ?? null,
    eos_token_id: tokenizer.eosId ?? null,
    pad_token_id: tokenizer.padId ?? null,
  };
  return sessionOf((backend) => initialiseModel(config, backend, random, "model.config"), config, folder, options);
}

const textsOf = (record: DataRecord): string[] => {
  if (record.kind === "text") return [record.text];
  if (record.kind === "question-answer") return [record.question, record.answer];
  if (record.kind === "multiple-choice") return [record.question, ...record.choices];
  return record.messages.map((message) => message.content);
};

async function sessionOf(
  makeModel: (backend: OrtBackend) => Model,
  config: JsonObject,
  tokenizerFolder: string,
  options: SessionOptions,
  stored?: { readonly name: string; readonly path: string },
): Promise<Session> {
  const tokenizer = loadTokenizer(tokenizerFolder);
  const template = loadChatTemplate(tokenizerFolder);
  const backend = await createOrtBackend({ device: options.device });
  let model: Model | undefined;
  const dispose = () => {
    model?.dispose();
    backend.dispose();
  };
  try {
    model = makeModel(backend);
    checkTokenizerFits(tokenizer, model.config.vocabularySize, tokenizerFolder);
    warnOfUnusedRows(tokenizer, model.config.vocabularySize, tokenizerFolder, options.report);
    if (options.adapter) {
      loadAdapter(model, options.adapter);
      if (!options.keepAdapter) await mergeLora(model);
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const { details } = backend;
  return {
    backend,
    model,
    tokenizer,
    config,
    tokenizerFolder,
    adapterBase: options.adapter && !options.keepAdapter ? undefined : stored?.name,
    modelFolder: stored?.path,
    encoding: {
      ...options.encoding,
      contextLength: model.config.maxPositions,
      chatTemplate: template,
    },
    choices: [
      {
        what: "device",
        value: details.device,
        why: options.device === "cpu" ? "the default; device=webgpu asks for a graphics processor" : "asked for",
      },
      { what: "threads", value: String(details.threads), why: details.threadsWhy },
      { what: "ONNX Runtime library", value: details.version, why: details.libraryWhy },
    ],
    [Symbol.dispose]: dispose,
  };
}

/** Vocabularies are padded, but not by half: such a tokenizer is probably another model's. */
function warnOfUnusedRows(tokenizer: Tokenizer, vocabularySize: number, folder: string, report: Reporter): void {
  if (tokenizer.vocabularySize * 2 >= vocabularySize) return;
  report({
    type: "warning",
    text: `the tokenizer in ${folder} knows ${tokenizer.vocabularySize} tokens, the model ${vocabularySize}.`,
    hint: "Is it this model's?",
  });
}

/** Reads every source, in order, repeated as asked; also returns the files read. */
export async function readSources(
  sources: DataSources,
  signal?: AbortSignal,
): Promise<{ records: DataRecord[]; files: string[] }> {
  const list = Array.isArray(sources) ? sources : [sources];
  const records: DataRecord[] = [];
  const files: string[] = [];
  for (const source of list) {
    const {
      path,
      format,
      split,
      skip = 0,
      limit,
      lettered: letters,
      as: form,
      opening,
      phrasings,
      rewordings,
      repeat,
      part,
    } = typeof source === "string" ? ({ path: source, repeat: 1 } as const) : source;
    const loaded = await loadRecords({
      path,
      ...(format ? { format } : {}),
      ...(split ? { split } : {}),
      ...(limit ? { limit: skip + limit } : {}),
      ...(signal ? { signal } : {}),
    });
    const rows = loaded.records.slice(skip).map((record) => (letters ? lettered(record) : record));
    const chosen = part ? rows.filter((record) => sideOf(record, part) === part.of) : rows;
    const formed = form ? chosen.map((record) => inForm(record, form)) : chosen;
    const cut = opening ? formed.flatMap((record) => withOpening(record, opening) ?? []) : formed;
    const reworded = rewordings ? cut.flatMap((record) => inOtherWords(record, rewordings)) : cut;
    const asked = phrasings ? reworded.flatMap((record) => inPhrasings(record, phrasings)) : reworded;
    for (let i = 0; i < repeat; i++) records.push(...asked);
    files.push(...loaded.files);
  }
  return { records, files };
}

/** Token ids of the records. @throws ConfigError when there are none. */
export function encodeAll(
  session: Pick<Session, "tokenizer" | "encoding">,
  records: readonly DataRecord[],
  what: string,
): EncodedExample[] {
  const examples = encodeRecords(session.tokenizer, records, session.encoding);
  if (examples.length === 0) throw new ConfigError(`${what} holds no examples`);
  return examples;
}
