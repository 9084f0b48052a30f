// The shape of an entry in the scope table: which numbers may move? A scope knows a model's weights; it never knows the loss.

import type { z } from "zod";
import type { Random } from "../../core/random.ts";
import type { Model } from "../../models/model.ts";

export interface Scope<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly paper: string;
  readonly options: Schema;
  /** Prepares the model (adds adapters) and returns the full names of the weights that may move. */
  readonly select: (model: Model, options: z.output<Schema>, random: Random) => readonly string[];
}

export const defineScope = <Schema extends z.ZodType>(scope: Scope<Schema>): Scope<Schema> => scope;
