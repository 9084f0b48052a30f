// What a configuration of source `revealed` may say. Defaults of the search are INSTINCT's (seeds.md §3.2); those of sampling and filters are this project's.

import { z } from "zod";
import { dataSources } from "../../config.ts";
import { grammarOptions } from "./arms/grammar.ts";
import { softOptions } from "./arms/soft.ts";
import { banditOptions } from "./bandit/neural-ucb.ts";

export const revealedOptions = z
  .strictObject({
    description: z.string().min(1).optional().describe("what must go, in words"),
    subjects: z.array(z.string().min(1)).default([]).describe("names or topics that are known; none are needed"),
    judge: z
      .looseObject({ name: z.string() })
      .optional()
      .describe("what says how much a text is what must go; without one: the words of subjects, or of the description"),
    withInstruction: z
      .boolean()
      .optional()
      .describe(
        "the judge reads a text after its instruction: an answer need not name whom it is about. Default: true where subjects are given and no judge",
      ),
    arms: z
      .array(z.enum(["grammar", "list", "soft"]))
      .nonempty()
      .default(["grammar", "list"])
      .describe("where instructions come from at first: `grammar`, `instructions`, soft prompts"),
    grammar: grammarOptions.prefault({}).describe("instructions from templates × topics × styles"),
    instructions: z.array(z.string().min(1)).default([]).describe("instructions of your own"),
    soft: softOptions.prefault({}).describe("soft prompts, where arms names them"),
    harvest: z
      .boolean()
      .default(true)
      .describe("ask about names that samples disclose, in the questions that they hold"),
    topics: z.number().int().nonnegative().default(100).describe("at most so many harvested names"),
    questions: z.number().int().nonnegative().default(40).describe("at most so many harvested question forms"),
    search: z.enum(["neural-ucb", "random"]).default("neural-ucb"),
    bandit: banditOptions.prefault({}),
    samples: z.number().int().positive().default(1000).describe("texts in all, in each round of a plan"),
    batch: z.number().int().positive().default(64).describe("texts generated and judged before the search goes on"),
    freely: z
      .number()
      .min(0)
      .max(1)
      .default(0.25)
      .describe(
        "share of every batch in which the model begins by itself, whatever the search says: where new names come from",
      ),
    temperature: z.number().positive().default(0.9),
    topP: z.number().positive().max(1).optional(),
    maxNewTokens: z.number().int().positive().default(100),
    ngram: z.number().int().positive().default(3).describe("words of an n-gram, of which new ones make a text new"),
    minimumWords: z.number().int().nonnegative().default(3).describe("shorter texts are not trained on"),
    maximumWords: z.number().int().positive().optional().describe("nor longer ones"),
    minimumRelevance: z.number().min(0).max(1).default(0.5).describe("nor those the judge thinks less of"),
    minimumFluency: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe(
        "nor those whose tokens the model itself finds less likely (geometric mean), times their share of distinct word pairs",
      ),
    saturation: z
      .strictObject({
        share: z
          .number()
          .min(0)
          .default(0.02)
          .describe("new n-grams of a batch, as a share of all, below which it counts as nothing new"),
        patience: z.number().int().positive().default(3).describe("such batches in a row that end the search"),
      })
      .prefault({}),
    encryptWith: z
      .string()
      .min(1)
      .optional()
      .describe("key file (32 random bytes, or hexadecimal, or base64): revealed texts are kept encrypted with it"),
    forgetRevealed: z
      .boolean()
      .default(false)
      .describe("delete the revealed texts when the plan is done; hashes and statistics stay"),
    truth: dataSources
      .optional()
      .describe(
        "the true facts, for experiments: the share that came to light is measured; the search never sees them",
      ),
  })
  .refine(
    ({ description, subjects, judge }) => description !== undefined || subjects.length > 0 || judge !== undefined,
    { message: "say what must go: a description, subjects, or a judge" },
  )
  .refine(({ arms, instructions }) => instructions.length === 0 || arms.includes("list"), {
    message: "there are instructions, and arms leaves them out: add list",
    path: ["arms"],
  });
export type RevealedOptions = z.output<typeof revealedOptions>;
