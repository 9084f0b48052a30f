export { type RougeScore, rouge1, rougeL, rougeTokens } from "../../text/rouge.ts";
export { type AggregateOptions, aggregate, type EvaluateOptions, evaluateMetric, type SetInputs } from "./aggregate.ts";
export {
  type AnyMetric,
  type ChoiceExample,
  type ContrastExample,
  type Direction,
  type DistributionExample,
  type GeneratedExample,
  type InputKind,
  type Metric,
  type MetricInputs,
  type Mode,
  modeOf,
  type TeacherForcedExample,
} from "./metric.ts";
export { findMetric, metrics } from "./table.ts";
