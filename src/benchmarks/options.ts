// What a benchmark's declaration may say: which files it needs, how its two models come about, how every method runs, what is measured and shown.

import { z } from "zod";
import { evaluationOptions } from "../evaluation/index.ts";
import { dataSourceDetails, named, trainConfig, unlearnConfig } from "../unlearning/config.ts";
import { tuneOptions } from "./tune/options.ts";

const name = z.string().regex(/^[\w-]+$/);

const source = dataSourceDetails.extend({
  path: z.string().describe("a file or folder within the benchmark's folder"),
  records: z.number().int().positive().optional().describe("how many the whole file holds; another number is refused"),
  published: z
    .strictObject({
      path: z.string(),
      split: z.string().optional(),
      hub: z.string().optional().describe("another data set on the hub than the benchmark's"),
    })
    .optional()
    .describe("where the same records are as published: taken where the folder has no `path`, and from the hub"),
});
export type BenchmarkSource = z.output<typeof source>;

const setNames = z.union([name, z.array(name).nonempty()]).describe("one or several of `sets`");

const model = z.union([
  z
    .string()
    .describe(
      "a model's folder, a run folder that holds one, or a hub id; {start} in it is the number of the start model",
    ),
  z
    .strictObject({
      data: setNames,
      teach: z.looseObject({}).optional().describe("in place of keys of the common `teach`, group by group"),
    })
    .describe("taught these sets as `teach` says"),
]);

const { model: taught, scope, training, checkpointEvery, saveAs, adapter, encoding } = trainConfig.shape;

const method = z.strictObject({
  objective: z
    .union([z.string(), z.looseObject({ name: z.string().optional() })])
    .optional()
    .describe("options; with `name` where the method is called otherwise than its objective"),
  scope: named.optional(),
  source: named.optional(),
  plan: named.optional(),
  forget: z
    .union([setNames, z.literal(false)])
    .optional()
    .describe("instead of unlearn.forget; false: the source is given no text"),
  retain: setNames.optional().describe("instead of unlearn.retain"),
  training: z.looseObject({}).optional().describe("in place of keys of `unlearn.training`"),
});
export type MethodSettings = z.output<typeof method>;

export const benchmarkConfig = z.strictObject({
  title: z.string(),
  paper: z.string().describe("link to the paper that defined it"),
  notes: z.array(z.string()).default([]).describe("what a reader of the table has to know"),
  variants: z
    .record(
      name,
      z.looseObject({
        over: z.array(name).optional().describe("variants that it is laid over where it is named alone"),
      }),
    )
    .default({})
    .describe("settings laid over the rest, by name, such as the splits of one benchmark"),
  variant: z
    .union([z.string(), z.array(z.string()).nonempty()])
    .optional()
    .describe("which of `variants`; several are laid one over the other, in order"),
  data: z.string().optional().describe("folder with the benchmark's files"),
  hub: z.string().optional().describe("data set on the hub with the same files, read where `data` names no folder"),
  published: z.string().optional().describe("where the files are published, for messages"),
  sets: z.record(name, z.union([source, z.array(source).nonempty()])),
  teach: z
    .strictObject({
      model: taught,
      adapter,
      scope,
      training,
      checkpointEvery,
      saveAs,
      seed: trainConfig.shape.seed,
      encoding: z.looseObject({}).optional().describe("in place of keys of the common `encoding`"),
    })
    .optional()
    .describe("how models that are no folders are trained"),
  target: model.describe("the model that has to forget"),
  retrained: model.optional().describe("its twin that never saw what has to go"),
  models: z
    .record(name, model)
    .default({})
    .describe(
      "further models by name: `model:<name>` stands for a model's folder wherever a setting wants one, `adapter:<name>` for that of its low-rank matrices; `target` and `retrained` are names, too",
    ),
  startSeeds: z
    .number()
    .int()
    .positive()
    .default(1)
    .describe(
      "times that all models are taught, with teach.seed, teach.seed + 1, …; every run begins with one of them and is held against its twin",
    ),
  encoding,
  device: trainConfig.shape.device,
  unlearn: unlearnConfig
    .pick({ scope: true, partners: true, training: true, checkpointEvery: true, saveAs: true, adapter: true })
    .extend({
      model: z.string().default("model:target").describe("what runs begin with, with `adapter` if named"),
      forget: setNames,
      retain: setNames.optional(),
      localise: z
        .strictObject({ forget: setNames.optional(), retain: setNames.optional() })
        .optional()
        .describe("sets by which scopes that look at text choose what moves, instead of forget and retain"),
      refusals: z
        .string()
        .optional()
        .describe("file of refusals, one per line; its path counts from the benchmark's folder"),
    }),
  methods: z
    .record(name, method)
    .default({})
    .describe("fixed settings per method; methods that are not named here run with those of `unlearn`"),
  run: z
    .union([z.literal("all"), z.array(name).nonempty()])
    .default("all")
    .describe("methods to run; all: every objective whose needs are met, and every other name of `methods`"),
  seeds: z
    .number()
    .int()
    .positive()
    .default(3)
    .describe("runs per method and start model, with seeds that count on from 0"),
  evaluation: evaluationOptions.describe("as for lethe unlearn, with names of `sets` for data"),
  keepModels: z.boolean().default(true).describe("keep the weights that every run leaves"),
  tune: tuneOptions
    .omit({ methods: true })
    .optional()
    .describe("search every method's settings, too, and report both rows on the records that chose nothing"),
  shots: z
    .record(name, setNames)
    .default({})
    .describe("per evaluation set, records that stand worked out in front of every question"),
  folds: z
    .array(setNames)
    .nonempty()
    .optional()
    .describe("in place of unlearn.forget: requests one after the other, each to the model that the last one left"),
  boundary: z
    .strictObject({
      kept: name.describe("evaluation set whose questions must stay"),
      forgotten: setNames.describe("records whose questions must go"),
      metric: z.string().default("retention-success").describe("a metric of that set, averaged over records"),
      bins: z.number().int().min(2).default(4).describe("parts with equally many records"),
    })
    .optional()
    .describe("how well kept questions are answered by how near they lie to a forgotten one, as a curve on the page"),
  matched: z
    .strictObject({
      forget: z.string().describe("set/metric that falls as a run forgets"),
      at: z.array(z.number()).nonempty().describe("values of it at which methods are held against each other"),
      retain: z.string().describe("set/metric that is looked at there"),
    })
    .optional()
    .describe(
      "methods where they have forgotten as much, from trajectories: needs evaluation.every, and metrics of the records' own answers",
    ),
  columns: z
    .array(z.string())
    .nonempty()
    .optional()
    .describe("what the table shows, in order: measures of the summary, or set/metric; everything when left out"),
  output: z.string().describe("folder for everything the benchmark leaves"),
});
export type BenchmarkConfig = z.output<typeof benchmarkConfig>;
