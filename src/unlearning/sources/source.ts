// The shape of an entry in the source table: on which text? A source yields the records to forget; it knows neither loss nor scope.

import type { z } from "zod";
import type { DataRecord } from "../../data/record.ts";
import type { DataSources } from "../config.ts";

export interface SourceContext {
  /** What the configuration gives as the text to forget. */
  readonly forget: DataSources;
  readonly signal?: AbortSignal | undefined;
}

export interface Source<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly paper: string;
  readonly options: Schema;
  /** The records to forget, and the files they were read from. */
  readonly records: (
    context: SourceContext,
    options: z.output<Schema>,
  ) => Promise<{ readonly records: readonly DataRecord[]; readonly files: readonly string[] }>;
}
