// The shape of an entry in the objective table: what loss? An objective knows row quantities and reference scalars; it never knows which weights move.

import type { z } from "zod";
import type { Loss } from "../../training/loss.ts";

export interface Objective<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  /** Link to the paper that defined it. */
  readonly paper: string;
  /** Options with the paper's defaults. */
  readonly options: Schema;
  readonly loss: (options: z.output<Schema>) => Loss;
}

/** Keeps the schema's type while declaring an objective. */
export const defineObjective = <Schema extends z.ZodType>(objective: Objective<Schema>): Objective<Schema> => objective;
