// How the inputs of a metric come about: what a set's records must have, which sequences the shared teacher-forced pass must see, and what is made
// of them. Knows no particular kind of input.

import type { EncodedExample, EncodingOptions } from "../../data/encoding.ts";
import type { DataRecord } from "../../data/record.ts";
import type { Session } from "../../unlearning/session.ts";
import type { GeneratedExample, InputKind, MetricInputs } from "../metrics/index.ts";
import type { EvaluationOptions, SetOptions } from "../options.ts";
import type { Detail, ForcedSequence } from "./forced-pass.ts";

/** A set before any model has seen it. */
export interface SetContext {
  readonly name: string;
  readonly set: SetOptions;
  readonly options: EvaluationOptions;
  readonly records: readonly DataRecord[];
  /** Records that no model was trained on, to stand before the set's own. */
  readonly unseen: readonly DataRecord[];
  readonly tokenizer: Session["tokenizer"];
  readonly encoding: EncodingOptions;
  /** The records as the model was trained on them; encoded at the first call, the same objects after. @throws DataError for a record that does not fit. */
  examples(): readonly EncodedExample[];
}

/** A model looking at one set. */
export interface LiveSet {
  readonly session: Pick<Session, "model" | "tokenizer" | "steers">;
  /** The model's own answers; written at the first call. */
  answers(): Promise<readonly GeneratedExample[]>;
  readonly signal?: AbortSignal | undefined;
}

/** One example per record, null for a record that has nothing of the kind; or why this model gives none. */
export type Measurement<Kind extends InputKind> = readonly (MetricInputs[Kind] | null)[] | { readonly missing: string };

export interface PreparedInput<Kind extends InputKind> {
  /** What the shared pass must see. */
  readonly sequences: ReadonlyMap<EncodedExample, Detail>;
  measure(seen: (example: EncodedExample) => ForcedSequence, live: LiveSet): Promise<Measurement<Kind>>;
}

export interface InputSource<Kind extends InputKind> {
  /** Why the set can give no such input; undefined where it can. */
  missing(context: Pick<SetContext, "set" | "records" | "options" | "unseen">): string | undefined;
  /** Encodes what the model will see. @throws LetheError for a record that does not fit the model. */
  prepare(context: SetContext): PreparedInput<Kind>;
}
