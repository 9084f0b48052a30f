// `lethe eval`: measures any model on the sets of a configuration; no training, no run needed.

import { z } from "zod";
import { loadConfig } from "../../core/config.ts";
import { ConfigError } from "../../core/errors.ts";
import { writeFileAtomic } from "../../core/files.ts";
import { encodingOptions } from "../../data/encoding.ts";
import {
  type Evaluation,
  type EvaluationCost,
  evaluate,
  evaluationOptions,
  measureEvaluationCost,
  prepareBenchmark,
} from "../../evaluation/index.ts";
import { compare, renderEvaluationPage, renderTable } from "../../reporting/index.ts";
import { checkModel, openSession, openSteeredSession } from "../../unlearning/index.ts";
import { configureCodeExecution } from "../code-execution.ts";
import type { Call, Command } from "../command.ts";

/** Also reads the configuration of a run: what does not concern evaluation is left alone. */
const evalConfig = z.looseObject({
  encoding: encodingOptions.prefault({}),
  evaluation: evaluationOptions,
  seed: z.number().int().nonnegative().default(0),
});

interface EvalOptions {
  readonly model: readonly string[];
  readonly adapter?: string;
  readonly output?: string;
  readonly time?: boolean;
  readonly offset?: readonly string[];
  readonly alpha?: readonly number[];
}

const collect = (value: string, all: readonly string[] = []) => [...all, value];

export const evalCommand: Command<EvalOptions> = {
  examples: [
    "lethe eval examples/knowundo-privacy/grad-diff.yaml --model runs/knowundo/target/model",
    "lethe eval config.yaml --model org/name --model runs/npo/model --output runs/comparison.json",
    "lethe eval config.yaml --model runs/npo/model --time",
    "lethe eval config.yaml --model big/model --offset runs/offset --alpha 0,0.5,1,2 --output alpha.json",
  ],
  json: "result",
  configure: (parser) => {
    parser
      .argument("<config>", "configuration with an `evaluation` part (YAML)")
      .argument("[overrides...]", "key.sub=value, laid over the file")
      .requiredOption("--model <folder or id>", "model to measure; repeat to compare several", collect)
      .option("--adapter <folder>", "PEFT adapter laid over each model")
      .option("--offset <run>", "run folder of scope offset, added to each model; repeat to add several", collect)
      .option(
        "--alpha <numbers>",
        "strengths of the offsets in place of their own, such as 0,0.5,1: a column each",
        alphas,
      )
      .option("--output <file>", "write every value per example as JSON, and beside it a page (.html) that shows them")
      .option("--time", "instead of numbers: what this evaluation costs, against one training epoch over its records");
    configureCodeExecution(parser);
  },
  run: async (call) => {
    const { positional, options, report, signal, result, width } = call;
    const [file, ...overrides] = positional as [string, ...string[]];
    const { value } = await loadConfig(evalConfig, file, overrides);
    const { offset, alpha } = options;
    if (alpha && !offset)
      throw new ConfigError("--alpha is the strength of an offset, and there is none", {
        hint: "Name its run: --offset <run>.",
      });
    if (offset && (options.time || options.adapter !== undefined)) {
      throw new ConfigError("--offset goes neither with --time nor with --adapter");
    }
    for (const model of options.model) await checkModel(model, { report, signal });
    if (options.time) return timeEvaluation(value, call);
    const evaluations: Evaluation[] = [];
    const opening = { device: "cpu", encoding: value.encoding, report, signal } as const;
    for (const model of options.model) {
      for (const strength of alpha ?? [undefined]) {
        const [first, ...more] = offset ?? [];
        using session =
          first === undefined
            ? await openSession(model, { ...opening, adapter: options.adapter })
            : await openSteeredSession(model, [first, ...more], { ...opening, alpha: strength });
        const benchmark = await prepareBenchmark(session, value.evaluation, signal);
        const column = columnOf(model, offset, strength);
        const evaluation = await evaluate(session, benchmark, { column, seed: value.seed, report, signal });
        evaluations.push({ ...evaluation, ...(strength === undefined ? {} : { alpha: strength }) });
      }
    }
    if (options.output) {
      await writeFileAtomic(options.output, `${JSON.stringify(evaluations, null, 1)}\n`);
      const page = renderEvaluationPage({ evaluations, command: ["lethe", ...call.line] });
      await writeFileAtomic(`${options.output.replace(/\.json$/, "")}.html`, page);
    }
    result(evaluations, () => renderTable(compare(evaluations), { width }));
  },
};

const columnOf = (model: string, offset: readonly string[] = [], alpha?: number) =>
  [model, ...offset].join(" + ") + (alpha === undefined ? "" : `, α ${alpha}`);

/** @throws ConfigError for what is no list of numbers */
function alphas(value: string): number[] {
  const numbers = value.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (numbers.every(Number.isFinite)) return numbers;
  throw new ConfigError(`--alpha wants numbers with commas between them, got "${value}"`);
}

/** Examples per step of the epoch that an evaluation is held against. */
const epochBatch = 16;

async function timeEvaluation(
  value: z.output<typeof evalConfig>,
  { options, report, signal, result }: Call<EvalOptions>,
): Promise<void> {
  const costs: (EvaluationCost & { readonly model: string })[] = [];
  for (const model of options.model) {
    const { adapter } = options;
    using session = await openSession(model, { adapter, device: "cpu", encoding: value.encoding, report, signal });
    const benchmark = await prepareBenchmark(session, value.evaluation, signal);
    costs.push({
      model,
      ...(await measureEvaluationCost(session, benchmark, { batchSize: epochBatch, report, signal })),
    });
  }
  const seconds = (took: EvaluationCost["epoch"]) =>
    `${took.processor.toFixed(1)} s of processor, ${took.clock.toFixed(1)} s by the clock`;
  result(costs, () =>
    costs
      .map((cost) =>
        [
          `${cost.model}: ${cost.records} records of ${cost.tokens} tokens, ${cost.furtherTokens} tokens of other answers beside them`,
          `  evaluation  ${seconds(cost.evaluation)}`,
          `  one epoch   ${seconds(cost.epoch)} (all weights, batches of ${epochBatch})`,
          `  evaluation ÷ epoch, processor time: ${cost.ratio.toFixed(2)}`,
        ].join("\n"),
      )
      .join("\n"),
  );
}
