// WAGLE (2410.17509; methods §3): single weights move, those of the highest attribution |(θ − g_r/h)·g_f| over the whole model, h = μ. g_f and g_r are sums
// over the examples of each side, one at a time: μ depends on it, so where only some records are asked, their sums are scaled up to all. Unlike published
// code, what is not chosen does not move at all (there weight decay still moves it), and the gradient is clipped by the norm of what is chosen.

import { z } from "zod";
import { type BitSet, countBits } from "../../core/bit-set.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import { weightOf } from "../../models/model.ts";
import { contents } from "../../training/weight-memory.ts";
import { named } from "../config.ts";
import { attribute, highestNumbers } from "../localisation/attribution.ts";
import { drawExamples, withBothGradients } from "../localisation/both-gradients.ts";
import { describeDistribution } from "../localisation/distribution.ts";
import { type Region, selectedWeights } from "../localisation/region.ts";
import { reuseRegion } from "../localisation/reuse.ts";
import { defineLocalisedScope, type LocaliseContext } from "./scope.ts";

const options = z
  .strictObject({
    within: named.default("all").describe("the scope whose weights are chosen among"),
    ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.95)
      .describe("share of the single weights that may move (paper: 0.8 to 0.95 on TOFU, 0.4 to 0.6 on WMDP)"),
    mu: z.number().positive().default(1e-6).describe("μ: stands for the diagonal of the Hessian"),
    curvature: z
      .enum(["constant", "gauss-newton"])
      .default("constant")
      .describe("that diagonal: μ (all published configurations), or g_r² + μ, the code's other choice with a floor"),
    records: z
      .union([z.number().int().positive(), z.literal("all")])
      .default(32)
      .describe('records of each side that are asked, drawn by the seed (paper "all")'),
    region: z.string().optional().describe("region.json of an earlier run on the same model, instead of localising"),
    choose: z
      .enum(["attribution", "random", "magnitude"])
      .default("attribution")
      .describe("as a control: as many single weights, drawn at random or those of the largest |θ|"),
  })
  .refine(({ choose, region }) => choose === "attribution" || region === undefined, {
    message: "an earlier region is taken as it is: leave `region` out, or `choose`",
  });
type WagleOptions = z.output<typeof options>;

export const wagle = defineLocalisedScope({
  name: "wagle",
  summary: "single weights that matter most to forgetting, given what must stay",
  paper: "https://arxiv.org/abs/2410.17509",
  options,
  within: ({ within }) => within,
  localise: async (context, chosen) => {
    const earlier = context.kept ?? chosen.region;
    const region = earlier
      ? await reuseRegion(earlier, "wagle", context)
      : await chooseWeights(context, context.candidates, chosen);
    return { weights: selectedWeights(region), masks: region.masks, region };
  },
});

const scoreTitles = {
  attribution: "attribution |(θ − g_r/h)·g_f|",
  magnitude: "|θ|",
  random: "a random number",
} as const;

async function chooseWeights(
  context: LocaliseContext,
  names: readonly string[],
  { ratio, choose, records, mu, curvature }: WagleOptions,
): Promise<Region> {
  const { model, modelHash, random } = context;
  const scores =
    choose === "attribution"
      ? await attributions(context, names, { records, mu, curvature })
      : await controlScores(context, names, choose, random.fork("control"));
  const total = scores.reduce((sum, { length }) => sum + length, 0);
  const count = Math.floor(ratio * total);
  if (count === 0 || count === total) throw divides(count, total, ratio, scores);
  const { threshold, chosen } = highestNumbers(scores, count);
  const tensors = names.map((name, i) => {
    const numbers = scores[i] as Float32Array;
    const selected = countBits(chosen[i] as BitSet);
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    return {
      name,
      shape: [...weightOf(model, name).shape],
      scores: { score: mean, share: selected / numbers.length },
      selected,
    };
  });
  const partly = tensors.flatMap(({ name, selected }, i) => {
    const mask = chosen[i] as BitSet;
    return selected > 0 && selected < mask.size ? [[name, mask] as const] : [];
  });
  return {
    scope: "wagle",
    model: modelHash,
    rule: `${count} of ${total} single weights: those of the highest ${scoreTitles[choose]}`,
    scores: [
      { name: "score", title: `mean of ${scoreTitles[choose]}; single weights`, chosen: "above", threshold },
      { name: "share", title: "share that may move", chosen: "above", threshold: null },
    ],
    tensors,
    masks: new Map(partly),
  };
}

async function attributions(
  context: LocaliseContext,
  names: readonly string[],
  { records, ...attribution }: Pick<WagleOptions, "records" | "mu" | "curvature">,
): Promise<Float32Array[]> {
  const { model, retain: all, random } = context;
  const sides = drawExamples(context, records, random.fork("records"));
  return withBothGradients(context, names, sides, async ({ forget, retain }) => {
    const scores: Float32Array[] = [];
    for (const name of names) {
      const score = forget.get(name) as Float32Array;
      // A factor on g_f changes no order; g_r is that of all records.
      const options = { ...attribution, times: all.length / sides.retain.length };
      attribute(await contents(model, name), score, retain.get(name) as Float32Array, options);
      scores.push(score);
    }
    return scores;
  });
}

async function controlScores(
  { model }: LocaliseContext,
  names: readonly string[],
  by: "random" | "magnitude",
  random: Random,
): Promise<Float32Array[]> {
  const scores: Float32Array[] = [];
  for (const name of names) {
    const draw = random.fork(name);
    const numbers = await contents(model, name);
    scores.push(by === "random" ? numbers.map(() => draw.uniform()) : numbers.map(Math.abs));
  }
  return scores;
}

/** A ratio that chooses nothing, or everything, with a look at about a hundred thousand of the scores. */
function divides(count: number, total: number, ratio: number, scores: readonly Float32Array[]): ConfigError {
  const stride = Math.ceil(total / 100_000);
  const sample = scores.flatMap((numbers) =>
    Array.from({ length: Math.ceil(numbers.length / stride) }, (_, i) => numbers[i * stride] as number),
  );
  return new ConfigError(
    `ratio ${ratio} chooses ${count === 0 ? "none" : "all"} of ${total} single weights. ${describeDistribution("score", sample)}`,
    {
      place: { key: "scope.ratio" },
      hint:
        count === 0
          ? `The smallest ratio that chooses a weight is ${Number((1 / total).toPrecision(2))}.`
          : "For every weight there is scope: all.",
    },
  );
}
