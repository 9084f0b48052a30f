// What a configuration of `lethe train` and `lethe unlearn` may say. The four axes stay independent: objective, scope, source, plan.

import { z } from "zod";
import { encodingOptions } from "../data/encoding.ts";
import { QUESTION_SLOT, rewording } from "../data/phrasings.ts";
import { recordForm } from "../data/reshape.ts";
import { splitPart } from "../data/split.ts";
import { trainingOptions } from "../training/options.ts";

/** A file or folder of records, with details. */
export const dataSourceDetails = z.strictObject({
  path: z.string(),
  format: z.string().optional().describe("found out from the file when left out"),
  split: z.string().optional(),
  skip: z.number().int().positive().optional().describe("records at the beginning that are left out"),
  limit: z.number().int().positive().optional().describe("at most so many records"),
  lettered: z
    .boolean()
    .optional()
    .describe("list a question's options in it and answer with a letter, as MMLU and WMDP are asked"),
  as: recordForm
    .optional()
    .describe('each record in another form: { text: "{question}" }, or { question: "{text}", answer: "fiction" }'),
  opening: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("cut plain texts after so many words: the beginning asks for the rest; shorter texts are left out"),
  phrasings: z
    .array(z.string().includes(QUESTION_SLOT))
    .nonempty()
    .optional()
    .describe('ways to ask every question, such as "{question}" and "Tell me: {question}"; each is a record'),
  rewordings: z
    .array(rewording)
    .nonempty()
    .optional()
    .describe("questions of known forms in other words; questions of other forms are left out"),
  repeat: z.number().int().positive().default(1).describe("times each record is seen per epoch"),
  part: splitPart.optional().describe("one side of a split by subject, or by question where no subject is known"),
});
export const dataSource = z.union([z.string(), dataSourceDetails]);
export const dataSources = z.union([dataSource, z.array(dataSource).nonempty()]);
export type DataSources = z.output<typeof dataSources>;

const existingModel = z.string().describe("a Hugging Face folder or hub id");

const randomModel = z.strictObject({
  init: z.literal("random"),
  config: z
    .record(z.string(), z.unknown())
    .describe("config.json fields; vocab_size and token ids follow from the tokenizer"),
  tokenizer: z
    .union([
      z.string().describe("folder with tokenizer.json"),
      z.strictObject({ vocabularySize: z.number().int().positive() }),
    ])
    .describe("an existing tokenizer, or the size of one to train on the data"),
});

/** An entry of a table by name, with or without options: `npo`, or `{ name: npo, beta: 0.02 }`. */
export const named = z.union([z.string(), z.looseObject({ name: z.string() })]);
export type Named = z.output<typeof named>;

const shared = {
  adapter: z.string().optional().describe("PEFT adapter folder to start from; merged into the weights first"),
  scope: named.default("all").describe("which weights may move"),
  encoding: encodingOptions.prefault({}),
  training: trainingOptions,
  checkpointEvery: z
    .number()
    .int()
    .nonnegative()
    .default(100)
    .describe("steps between checkpoints, which --resume goes on from; 0: none"),
  device: z.enum(["cpu", "webgpu"]).default("cpu"),
  saveAs: z.enum(["float32", "bfloat16", "float16"]).default("float32"),
  seed: z.number().int().nonnegative().default(0),
  output: z.string().describe("run folder"),
};

export const trainConfig = z.strictObject({
  model: z.union([existingModel, randomModel]),
  data: dataSources,
  ...shared,
});
export type TrainConfig = z.output<typeof trainConfig>;

export const unlearnConfig = z.strictObject({
  model: existingModel,
  objective: named,
  source: named.default("given").describe("where the text to forget comes from"),
  plan: named.default("once").describe("how often, and how results are merged"),
  forget: dataSources.optional().describe("the text that must go; left out where the source reveals it"),
  retain: dataSources.optional(),
  localise: z
    .strictObject({ forget: dataSources.optional(), retain: dataSources.optional() })
    .optional()
    .describe(
      "text by which a scope chooses what moves, such as all that the model was taught, instead of that of the run",
    ),
  refusals: z
    .string()
    .optional()
    .describe("file of refusal lines, one per line, for objectives that need an alternate answer"),
  partners: z
    .enum(["random", "in-order"])
    .default("random")
    .describe("which retain example goes with a forget example: drawn, or item i with item i"),
  ...shared,
});
export type UnlearnConfig = z.output<typeof unlearnConfig>;
