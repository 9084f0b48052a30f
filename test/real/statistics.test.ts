// The published evaluation logs of Llama-2-7B on TOFU, measured again: every number that they are known to give must come out.
// Needs ../shared/data/tofu-reference-logs. Rows of Phi-1.5 and of second retrainings on retain95 and retain99 have no stored log.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import {
  type ContrastExample,
  evaluateMetric,
  findMetric,
  forgetQuality,
  logTruthRatio,
  modelUtility,
  rouge1,
  rougeL,
  rougeTokens,
} from "../../src/evaluation/metrics/index.ts";
import { kolmogorovSmirnov } from "../../src/evaluation/statistics/index.ts";

const folder = join(import.meta.dirname, "../../../shared/data/tofu-reference-logs");
const missing = !existsSync(folder);

const LOGS = {
  full: "tofu-repo_ft_epoch5_lr1e-05_llama2-7b_full_wd0.01",
  retain90: "tofu-repo_ft_epoch5_lr1e-05_llama2-7b_retain90_wd0.01",
  retain95: "tofu-repo_ft_epoch5_lr1e-05_llama2-7b_retain95_wd0.01",
  retain99: "tofu-repo_ft_epoch5_lr1e-05_llama2-7b_retain99_wd0.01",
  "npo retain90": "npo-repo_retain90_llama_wd0.01",
};
type LogName = keyof typeof LOGS;

const SETS = {
  retain: "eval_log.json",
  realAuthors: "eval_real_author_wo_options.json",
  worldFacts: "eval_real_world_wo_options.json",
  forget: "eval_log_forget.json",
};
type SetName = keyof typeof SETS;

/** One set of one log. The TOFU repository stores every column as an object by record index, the NPO repository as a list. */
interface LogSet {
  readonly avg_gt_loss: readonly number[];
  readonly avg_paraphrased_loss: readonly number[];
  readonly average_perturb_loss: readonly (readonly number[])[];
  readonly rouge1_recall: readonly number[];
  readonly rougeL_recall: readonly number[];
  readonly generated_text: readonly (readonly [prompt: string, generated: string, expected: string])[];
}

function readLog(name: LogName): Record<SetName, LogSet> {
  const raw = JSON.parse(readFileSync(join(folder, LOGS[name], "eval_log_aggregated.json"), "utf8")) as Record<
    string,
    object
  >;
  const columns = (set: object) =>
    Object.fromEntries(Object.entries(set).map(([key, column]) => [key, Object.values(column)]));
  return Object.fromEntries(
    Object.entries(SETS).map(([set, file]) => [set, columns(raw[file] as object) as unknown as LogSet]),
  ) as Record<SetName, LogSet>;
}

const random = () => createRandom("tofu");

function contrasts(set: LogSet): ContrastExample[] {
  return set.avg_gt_loss.map((answer, i) => ({
    answer,
    paraphrased: [set.avg_paraphrased_loss[i] as number],
    perturbed: set.average_perturb_loss[i] as number[],
  }));
}

/** Probability, ROUGE-L recall and truth ratio of one set, each by the metric of that name. */
function parts(name: SetName, set: LogSet) {
  const contrast = contrasts(set);
  // The logs hold the mean loss per answer, which is one token of that loss to the metric.
  const tokens = set.avg_gt_loss.map((loss) => ({
    labels: [0],
    logProbabilities: [-loss],
    predictions: [0],
    hasEnd: false,
  }));
  const generated = set.generated_text.map(([question, text, expected]) => ({ question, generated: text, expected }));
  const world = name === "realAuthors" || name === "worldFacts";
  const settings = { mode: "peer", resamples: 200 } as const;
  return {
    probability: evaluateMetric(
      findMetric(world ? "choice-probability" : "probability"),
      { contrast, "teacher-forced": tokens },
      random(),
      settings,
    ),
    rouge: evaluateMetric(findMetric("rouge-l"), { generated }, random(), settings),
    truthRatio: evaluateMetric(findMetric("truth-ratio"), { contrast }, random(), {
      ...settings,
      options: { form: name === "forget" ? "closer-to-one" : "true-better" },
    }),
  };
}

const printed = (value: number) => Number(value.toFixed(5));

describe.skipIf(missing)(
  `TOFU's published logs${missing ? " (skipped: ../shared/data/tofu-reference-logs is missing)" : ""}`,
  () => {
    test.each<[LogName, utility: number, probability: number, rouge: number, truthRatio: number, n: number]>([
      ["full", 0.62268, 0.99094, 0.98545, 0.51599, 300],
      ["retain90", 0.61374, 0.14756, 0.40824, 0.67402, 300],
      ["retain95", 0.60058, 0.15472, 0.398, 0.67415, 200],
      ["retain99", 0.62074, 0.17952, 0.39724, 0.68494, 40],
      ["npo retain90", 0.62034, 0.14362, 0.39835, 0.66943, 300],
    ])(
      "%s: model utility, and probability, ROUGE-L recall and truth ratio of the forget set",
      (name, utility, probability, rouge, truthRatio, n) => {
        const log = readLog(name);
        const forget = parts("forget", log.forget);
        expect(printed(forget.probability.value)).toBe(probability);
        expect(printed(forget.rouge.value)).toBe(rouge);
        expect(printed(forget.truthRatio.value)).toBe(truthRatio);
        for (const result of Object.values(forget)) expect(result.n).toBe(n);

        const result = modelUtility(
          {
            retain: parts("retain", log.retain),
            realAuthors: parts("realAuthors", log.realAuthors),
            worldFacts: parts("worldFacts", log.worldFacts),
          },
          random(),
          { resamples: 200 },
        );
        expect(printed(result.value)).toBe(utility);
        expect(result.n).toBe(100);
        expect(result.interval[0]).toBeLessThan(utility);
        expect(result.interval[1]).toBeGreaterThan(utility);
      },
    );

    test("the nine components of the full model's utility", () => {
      const log = readLog("full");
      const values = (["realAuthors", "worldFacts", "retain"] as const).map((name) => {
        const { probability, rouge, truthRatio } = parts(name, log[name]);
        return [probability, rouge, truthRatio].map((result) => printed(result.value));
      });
      expect(values).toEqual([
        [0.45548, 0.933, 0.59623],
        [0.41856, 0.88248, 0.53903],
        [0.98953, 0.98565, 0.4747],
      ]);
    });

    test.each<[LogName, LogName, statistic: number, exact: number, asymptotic: number]>([
      ["full", "retain90", 0.3966667, 1.834066e-21, 8.496654e-22],
      ["full", "npo retain90", 0.38, 1.096624e-19, 5.588552e-20],
      ["retain90", "npo retain90", 0.0366667, 0.987948, 0.983341],
    ])(
      "forget quality of %s against %s: statistic, exact and asymptotic p-value to every digit",
      (model, reference, statistic, exact, asymptotic) => {
        const [first, second] = [model, reference].map((name) => contrasts(readLog(name).forget)) as [
          ContrastExample[],
          ContrastExample[],
        ];
        const digits = (value: number) => (value < 1e-3 ? Number(value.toPrecision(7)) : Number(value.toFixed(6)));
        const result = forgetQuality(first, second);
        expect(Number(result.statistic.toFixed(7))).toBe(statistic);
        expect(digits(result.pValue)).toBe(exact);
        expect(result.sizes).toEqual([300, 300]);
        const limit = kolmogorovSmirnov(first.map(logTruthRatio), second.map(logTruthRatio), "asymptotic");
        expect(digits(limit.pValue)).toBe(asymptotic);
      },
    );

    test("ROUGE of every stored answer equals the stored score", () => {
      let compared = 0;
      for (const name of Object.keys(LOGS) as LogName[]) {
        for (const set of Object.values(readLog(name))) {
          set.generated_text.forEach(([, generated, expected], i) => {
            const [reference, candidate] = [rougeTokens(expected), rougeTokens(generated)];
            expect(rouge1(reference, candidate).recall).toBeCloseTo(set.rouge1_recall[i] as number, 12);
            expect(rougeL(reference, candidate).recall).toBeCloseTo(set.rougeL_recall[i] as number, 12);
            compared++;
          });
        }
      }
      expect(compared).toBe(5 * 517 + 300 + 300 + 200 + 40 + 300);
    });
  },
);
