// The shape of an entry in the scope table: which numbers may move? A scope knows a model's weights, and may look at the text; it never knows the loss.

import type { z } from "zod";
import type { Reporter } from "../../core/events.ts";
import type { Random } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import type { Model } from "../../models/model.ts";
import type { Narrowing } from "../../training/narrowing.ts";
import type { WeightMasks } from "../../training/parameters.ts";
import type { Named } from "../config.ts";
import type { Region } from "../localisation/region.ts";
import type { Session, SessionOptions } from "../session.ts";

interface Described<Schema extends z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly paper: string;
  readonly options: Schema;
}

/** A scope that follows from the model and its options alone. */
export interface NamedScope<Schema extends z.ZodType = z.ZodType> extends Described<Schema> {
  /** Prepares the model (adds adapters) and returns the full names of the weights that may move. */
  readonly select: (model: Model, options: z.output<Schema>, random: Random) => readonly string[];
  /** True for a scope that needs the adapter which the run begins with beside the weights, instead of merged into them. */
  readonly keepsAdapter?: boolean;
}

/** A scope that chooses by what text does to the weights, among those of another scope. */
export interface LocalisedScope<Schema extends z.ZodType = z.ZodType> extends Described<Schema> {
  readonly within: (options: z.output<Schema>) => Named;
  /** Must follow from the context and the options alone. The model is left as it was. */
  readonly localise: (context: LocaliseContext, options: z.output<Schema>) => Promise<Localised>;
}

/** A scope that leaves the model as it is and trains a small one, which steers it. */
export interface SteeringScope<Schema extends z.ZodType = z.ZodType> extends Described<Schema> {
  /** What of the small model may move. */
  readonly within: (options: z.output<Schema>) => Named;
  /** Opens both. @throws LetheError */
  readonly steer: (start: SteeringStart, options: z.output<Schema>) => Promise<Session>;
}

export interface SteeringStart {
  /** The model that must forget. */
  readonly model: string;
  readonly options: SessionOptions;
  /** The run folder. Nothing is written before the session is asked to. */
  readonly folder: string;
}

export type Scope<Schema extends z.ZodType = z.ZodType> =
  | NamedScope<Schema>
  | LocalisedScope<Schema>
  | SteeringScope<Schema>;

export interface LocaliseContext {
  readonly model: Model;
  /** SHA-256 of the weights that the run begins with. */
  readonly modelHash: string;
  /** Full names of the weights to choose among. */
  readonly candidates: readonly string[];
  readonly forget: readonly Sequence[];
  readonly retain: readonly Sequence[];
  /** True when every batch of the training holds text of both sides. */
  readonly pairs: boolean;
  /** Ids that random answers hold. */
  readonly plainIds: readonly number[];
  /** region.json that this very run has written before it was cut off. */
  readonly kept?: string | undefined;
  readonly random: Random;
  readonly report: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** What may move. */
export interface Selection {
  /** Full names of the weights. */
  readonly weights: readonly string[];
  /** Of some of them only these numbers. */
  readonly masks?: WeightMasks | undefined;
  /** How it is chosen anew while training goes on. */
  readonly narrowing?: Omit<Narrowing, "texts"> | undefined;
}

export interface Localised extends Selection {
  /** What was found, to be kept. */
  readonly region: Region;
}

export const defineScope = <Schema extends z.ZodType>(scope: NamedScope<Schema>): NamedScope<Schema> => scope;
export const defineLocalisedScope = <Schema extends z.ZodType>(scope: LocalisedScope<Schema>): LocalisedScope<Schema> =>
  scope;
export const defineSteeringScope = <Schema extends z.ZodType>(scope: SteeringScope<Schema>): SteeringScope<Schema> =>
  scope;
