// What an evaluation leaves behind: values per example, the aggregate, n and an interval. Plain data, written as JSON into the run folder and read by the report.

/** Which side of the request a set of records is on. */
export type SetRole = "forget" | "retain" | "general";

export interface MetricResult {
  readonly metric: string;
  /** `peer` repeats the published code, quirks included; `corrected` does what the definition says. */
  readonly mode: "peer" | "corrected";
  readonly value: number;
  /** Number of examples that count (those whose per-example value is not null). */
  readonly n: number;
  /** 95 % percentile bootstrap interval of `value`. */
  readonly interval: readonly [number, number];
  /** One value per record, null where the metric is undefined for it. */
  readonly perExample: readonly (number | null)[];
}

export interface SampleAnswer {
  readonly question: string;
  readonly expected: string;
  readonly generated: string;
}

export interface SetResult {
  readonly set: string;
  /** Words for a table row, such as "forgotten people". */
  readonly title: string;
  readonly role: SetRole;
  readonly metrics: Readonly<Record<string, MetricResult>>;
  readonly samples: readonly SampleAnswer[];
}

/** One model evaluated on every set. */
export interface Evaluation {
  /** Column of the comparison: "before", "after", "retrained", or a name of the user's. */
  readonly column: string;
  readonly model: string;
  readonly seed: number;
  readonly sets: readonly SetResult[];
}

/** Aggregates along the run, for the trade-off plot. */
export interface TrajectoryPoint {
  readonly step: number;
  /** set -> metric -> value */
  readonly sets: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
