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
  /** What was measured on: number of records, and SHA-256 of their questions and answers. */
  readonly records?: { readonly n: number; readonly sha256: string };
  readonly metrics: Readonly<Record<string, MetricResult>>;
  /** Metrics asked for and not computed, with the reason. */
  readonly notComputed?: Readonly<Record<string, string>>;
  readonly samples: readonly SampleAnswer[];
}

/** One number made of several sets or models. */
export interface SummaryValue {
  readonly measure: string;
  readonly mode: MetricResult["mode"];
  /** Null where it cannot be computed; then `reason` says why. */
  readonly value: number | null;
  /** Records it rests on: of the smallest part, where several are joined. */
  readonly n: number;
  /** 95 % percentile bootstrap interval, for measures that have one. */
  readonly interval?: readonly [number, number];
  /** What it compares with: the file or model of a stored evaluation. */
  readonly reference?: string;
  readonly reason?: string;
  /** The numbers it is made of, such as the nine of model utility or the test statistic of a p-value. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** One model evaluated on every set. */
export interface Evaluation {
  /** Column of the comparison: "before", "after", "retrained", or a name of the user's. */
  readonly column: string;
  readonly model: string;
  readonly seed: number;
  /** α of the offsets that steer it, where one was asked for in place of their own. */
  readonly alpha?: number;
  /** SHA-256 of the tokenizer: values per token compare only where it is equal. */
  readonly tokenizer?: string;
  readonly sets: readonly SetResult[];
  /** Measures over several sets or against a reference, by name. */
  readonly summary: Readonly<Record<string, SummaryValue>>;
}

/** Aggregates along the run, for the trade-off plot. */
export interface TrajectoryPoint {
  readonly step: number;
  /** set -> metric -> value */
  readonly sets: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
