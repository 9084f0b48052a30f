// Measures one model on prepared sets: one teacher-forced pass per set for all that need it, generated answers where asked for.
// Knows nothing of how the model came about.

import type { Reporter } from "../core/events.ts";
import { createRandom } from "../core/random.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import type { Session } from "../unlearning/session.ts";
import { lookAt } from "./inputs/index.ts";
import { evaluateMetric, type InputKind } from "./metrics/index.ts";
import type { Benchmark, PreparedSet } from "./prepare.ts";
import type { Evaluation, MetricResult, SetResult, TrajectoryPoint } from "./result.ts";
import { type Comparands, summarise } from "./summary/index.ts";

export interface EvaluateOptions {
  readonly column: string;
  readonly seed: number;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Evaluations of other models that summary measures compare with; the configuration's reference stands for `retrained` where it is named. */
  readonly comparands?: Partial<Comparands>;
}

type Measured = Pick<Session, "model" | "tokenizer" | "steers">;

/** Everything the configuration asks for, per example, with intervals and sample answers. */
export async function evaluate(
  session: Measured,
  benchmark: Benchmark,
  { column, seed, report, signal, comparands = {} }: EvaluateOptions,
): Promise<Evaluation> {
  const sets: SetResult[] = [];
  const phase = `evaluate ${column}`;
  report({ type: "phase-start", phase, total: benchmark.sets.length, unit: "sets" });
  const started = performance.now();
  const runner = createStageRunner(session.model);
  const { batchSize } = benchmark.options;
  for (const [i, set] of benchmark.sets.entries()) {
    const kinds = Object.keys(set.inputs) as InputKind[];
    const { inputs, missing, answers } = await lookAt(set, kinds, { session, runner, batchSize, signal });
    const metrics: Record<string, MetricResult> = {};
    const notComputed: Record<string, string> = { ...set.refused };
    for (const { metric, options, key } of set.metrics) {
      const reason = missing[metric.needs];
      if (reason !== undefined) {
        notComputed[key] = reason;
        continue;
      }
      const random = createRandom(seed).fork(`bootstrap/${set.name}/${metric.name}`);
      const result = evaluateMetric(metric, inputs, random, { mode: benchmark.options.mode, options });
      if (result.n === 0) {
        notComputed[key] = `none of its records has ${metric.undefinedWithout ?? "what this measure is defined for"}`;
        continue;
      }
      metrics[key] = result;
      const { value, n, interval } = result;
      report({ type: "evaluation-result", column, set: set.name, metric: key, value, n, interval });
    }
    const { name, title, role, identity: records } = set;
    const samples = (await answers()).map(({ tokens: _, continuation: __, ...sample }) => sample);
    const reasons = Object.keys(notComputed).length > 0 ? { notComputed } : {};
    sets.push({ set: name, title, role, records, metrics, ...reasons, samples });
    report({ type: "phase-progress", phase, done: i + 1, total: benchmark.sets.length, unit: "sets" });
  }
  report({ type: "phase-end", phase, seconds: (performance.now() - started) / 1000 });
  const { measures, tokenizer, options } = benchmark;
  const summary = summarise(sets, createRandom(seed), {
    measures,
    prepared: benchmark.sets,
    mode: options.mode,
    tokenizer,
    comparands: {
      retrained: benchmark.reference ?? comparands.retrained ?? { missing: noRetrained },
      before: comparands.before ?? { missing: noBefore },
    },
  });
  return { column, model: session.model.source, seed, tokenizer, sets, summary };
}

const noRetrained =
  "no reference: name `evaluation.reference`, the stored evaluation of a model retrained without the data";
const noBefore = "no evaluation of the model before unlearning to compare with";

/** Aggregates of the teacher-forced metrics only: cheap enough to take often. */
export async function trajectoryPoint(
  session: Measured,
  benchmark: Benchmark,
  step: number,
  signal?: AbortSignal,
): Promise<TrajectoryPoint> {
  const sets: Record<string, Record<string, number>> = {};
  const runner = createStageRunner(session.model);
  for (const set of benchmark.sets) {
    const { inputs } = await lookAt(set, [often], { session, runner, batchSize: benchmark.options.batchSize, signal });
    const values: Record<string, number> = {};
    for (const { metric, options, key } of takenOften(set)) {
      const settings = { mode: benchmark.options.mode, options, resamples: 0 };
      const result = evaluateMetric(metric, inputs, createRandom(0), settings);
      if (result.n > 0) values[key] = result.value;
    }
    sets[set.name] = values;
  }
  return { step, sets };
}

/** The same point from an evaluation that was made anyway: no second pass over the sets. */
export function pointOf({ sets }: Evaluation, benchmark: Benchmark, step: number): TrajectoryPoint {
  const values = sets.map(({ metrics }, i) =>
    Object.fromEntries(
      takenOften(benchmark.sets[i] as PreparedSet).flatMap(({ key }) => {
        const result = metrics[key];
        return result ? [[key, result.value] as const] : [];
      }),
    ),
  );
  return { step, sets: Object.fromEntries(sets.map(({ set }, i) => [set, values[i] ?? {}])) };
}

const often: InputKind = "teacher-forced";
const takenOften = ({ metrics }: PreparedSet) => metrics.filter(({ metric, asked }) => asked && metric.needs === often);
