// Evaluation's public face: metrics, and measuring a model on sets of records.

export { ALLOW_VARIABLE } from "./code/python.ts";
export { compareColumns } from "./compare.ts";
export { evaluate, trajectoryPoint } from "./evaluate.ts";
export { type EvaluationCost, measureEvaluationCost } from "./measure.ts";
export { evaluateMetric, findMetric, metrics } from "./metrics/index.ts";
export { type EvaluationOptions, evaluationOptions } from "./options.ts";
export { type Benchmark, prepareBenchmark } from "./prepare.ts";
export { readStoredEvaluation } from "./reference/read.ts";
export { type StoredEvaluation, storedOf } from "./reference/stored.ts";
export type {
  Evaluation,
  MetricResult,
  SampleAnswer,
  SetResult,
  SetRole,
  SummaryValue,
  TrajectoryPoint,
} from "./result.ts";
export { findMeasure, summaryMeasures } from "./summary/index.ts";
