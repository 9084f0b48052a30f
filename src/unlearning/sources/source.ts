// The shape of an entry in the source table: on which text? A source yields the records to forget; it knows neither loss nor scope.

import type { z } from "zod";
import type { Reporter } from "../../core/events.ts";
import type { Random } from "../../core/random.ts";
import type { DataRecord } from "../../data/record.ts";
import type { Session } from "../session.ts";

export interface SourceStart {
  /** The records that the configuration names as the text to forget. */
  readonly forget: readonly DataRecord[];
  /** The model, at any time as it then is, and how records become tokens. */
  readonly session: Pick<Session, "model" | "tokenizer" | "encoding">;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface SourceContext {
  /** A file in the run folder for what this round makes: a resumed run reads it and goes on. */
  readonly file: string;
  /** From 1. A plan of several rounds asks again in each, of the model as the round finds it. */
  readonly round: number;
  readonly random: Random;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** What a source has made in a round. */
export interface Made {
  /** To train on. In the first round there are some; in a later one none says that the model tells nothing more. */
  readonly records: readonly DataRecord[];
  /** How much of what must go the model still says by the source's own judgement, 0 to 1; left out where it judges nothing. */
  readonly score?: number;
}

/**
 * Makes the records to train on. What it makes must follow from the records, the model, the options and the seed. It may remember earlier rounds: a resumed
 * run asks for all of them again, in order, with the model as each found it.
 */
export type Making = (context: SourceContext) => Promise<Made>;

export interface Source<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly paper: string;
  readonly options: Schema;
  /** Records that it makes of each given one; 1 when left out. */
  readonly recordsOfOne?: (options: z.output<Schema>) => number;
  /** True for a source that needs no text to forget: it finds it out from the model. */
  readonly reveals?: boolean;
  /**
   * For sources that make their text; without it the records are those given. Called before the run begins, so that what cannot be used is refused
   * before anything is written; what it returns is called in the run.
   */
  readonly prepare?: (start: SourceStart, options: z.output<Schema>) => Making | Promise<Making>;
  /** Called when the plan is done, with the run folder: clears away what the run was only to use. */
  readonly clear?: (folder: string, options: z.output<Schema>) => Promise<void>;
}

/** Keeps the schema's type while declaring a source. */
export const defineSource = <Schema extends z.ZodType>(source: Source<Schema>): Source<Schema> => source;
