// From a configuration's `scope` to what a run does with it, scopes within scopes included. Knows no scope by name.

import { ConfigError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { Model } from "../../models/model.ts";
import { choose } from "../choose.ts";
import type { Named } from "../config.ts";
import type { Session } from "../session.ts";
import { scopes } from "./index.ts";
import type { LocaliseContext, Localised, SteeringStart } from "./scope.ts";

export interface OpenScope {
  readonly name: string;
  /** True when the adapter that the run begins with must stay beside the weights. */
  readonly keepsAdapter: boolean;
  /** Prepares the model and returns the full names of the weights that may move, or among which `localise` chooses. */
  select(model: Model, random: Random): readonly string[];
  readonly localise: ((context: LocaliseContext) => Promise<Localised>) | undefined;
  /** Opens the small model that is trained in place of the run's own, which it steers. */
  readonly steer?: (start: SteeringStart) => Promise<Session>;
}

/** @throws ConfigError for an unknown scope or option, and for a scope that chooses by text within another such. */
export async function openScope(named: Named): Promise<OpenScope> {
  const { entry, options } = await choose(scopes, named);
  if ("select" in entry) {
    return {
      name: entry.name,
      keepsAdapter: entry.keepsAdapter === true,
      select: (model, random) => entry.select(model, options, random),
      localise: undefined,
    };
  }
  const inner = await openScope(entry.within(options));
  if ("steer" in entry) {
    if (!inner.steer && !inner.keepsAdapter) {
      return { ...inner, name: entry.name, steer: (start) => entry.steer(start, options) };
    }
    throw new ConfigError(`scope "${entry.name}" cannot train "${inner.name}" of its small model`, {
      place: { key: "scope.within" },
      hint: "Let all, layers, lora, memflex or wagle of it move.",
    });
  }
  if (inner.localise) {
    throw new ConfigError(`scope "${entry.name}" cannot choose within "${inner.name}", which chooses by text itself`, {
      place: { key: "scope.within" },
      hint: "Let it choose within all, layers, lora or adapter.",
    });
  }
  return { ...inner, name: entry.name, localise: (context) => entry.localise(context, options) };
}
