// The shape of an entry in the plan table: how often, how merged? A plan decides when training happens and what becomes of its result;
// it knows neither loss, scope nor source.

import type { z } from "zod";
import type { Reporter } from "../../core/events.ts";
import type { Random } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import type { Model } from "../../models/model.ts";
import type { TrainingOptions } from "../../training/options.ts";
import type { WeightTerm } from "../../training/weight-term.ts";

export interface TrainOptions {
  /**
   * True when the plan goes on with the result: the end of the training is then kept, so that a run killed later does not train again, and on the way there
   * nothing is measured, since the run's result is still to come.
   */
  readonly goesOn?: boolean;
  /** Added to every batch's loss. */
  readonly weightTerm?: WeightTerm | undefined;
}

/** What a round trains on. */
export interface RoundText {
  /** The text that must go. Empty when a later round's source finds nothing more. */
  readonly forget: readonly Sequence[];
  /** How much of what must go the model says, 0 to 1, where the source judges that. */
  readonly score?: number | undefined;
  /** Trains the model as it then is, as often as it is called. */
  train(options?: TrainOptions): Promise<void>;
}

/** What a plan may do. When it returns, the model's weights are the run's result: they are measured and saved. */
export interface PlanContext {
  readonly model: Model;
  /** Full names of the weights that may move; LoRA among them is fresh. */
  readonly trainable: readonly string[];
  /**
   * Asks the source for the text of a round, from 1 on and in order: one that makes its text makes it anew with the model as it then is.
   * `withEarlier`: what it made before is part of the round's text.
   */
  gather(round: number, options?: { readonly withEarlier?: boolean }): Promise<RoundText>;
  /** Trains on text as teaching does, at the pace of the configuration but for what `training` says. Numbered on like every training. */
  teach(text: readonly Sequence[], options?: TrainOptions & { readonly training?: Pace }): Promise<void>;
  /** Measures the model on the way as training does, when the configuration asks for that. */
  measure(): Promise<void>;
  /** Keeps a model as rounds/N in the run folder: as a PEFT adapter where it is LoRA over a stored model, else whole. */
  keepRound(round: number, model: Model): Promise<void>;
  /** The text that must stay; empty when the configuration names none and `needsRetain` did not ask for it. */
  readonly retain: readonly Sequence[];
  /** Keeps what the plan found, as plan.json in the run folder. */
  note(found: object): Promise<void>;
  readonly random: Random;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** How long and how fast. */
export type Pace = Partial<Pick<TrainingOptions, "epochs" | "steps" | "learningRate">>;

export interface Plan<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly paper: string;
  readonly options: Schema;
  /** With these options, does the plan look at the text that must stay? */
  readonly needsRetain: (options: z.output<Schema>) => boolean;
  /** Refuses, before anything is written, weights that the plan cannot work on. @throws LetheError */
  readonly check?: (
    start: Pick<PlanContext, "model" | "trainable" | "retain">,
    options: z.output<Schema>,
  ) => Promise<void>;
  /**
   * Everything in it must follow from the model, the options and the data: a resumed run goes through it from the beginning, and only the trainings that
   * were done, and the text that was made, are there at once.
   */
  readonly run: (context: PlanContext, options: z.output<Schema>) => Promise<void>;
}

/** Keeps the schema's type while declaring a plan. */
export const definePlan = <Schema extends z.ZodType>(plan: Plan<Schema>): Plan<Schema> => plan;
