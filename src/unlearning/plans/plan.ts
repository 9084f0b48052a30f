// The shape of an entry in the plan table: how often, how merged? A plan decides when training happens; it knows neither loss, scope nor source.

import type { z } from "zod";

export interface Plan<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly paper: string;
  readonly options: Schema;
  /** `train` runs one training task on the model as it then is, and writes its result into the run folder. */
  readonly run: (train: () => Promise<void>, options: z.output<Schema>) => Promise<void>;
}
