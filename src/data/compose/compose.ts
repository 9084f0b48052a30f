// From a configuration to sets: facts, records, checks, neighbours. Writes nothing.

import { ConfigError } from "../../core/errors.ts";
import { nearestNames } from "../../core/nearest.ts";
import type { Fact, Scope, SourceText } from "./fact.ts";
import { type Checked, checkRecords } from "./findings.ts";
import { findNeighbours, type Neighbour } from "./neighbours.ts";
import { type ConfigReader, readFacts } from "./read-facts.ts";
import { type ComposedRecord, composeRecords, type SetName } from "./records.ts";
import { type Rephrased, type RephraseOptions, rephrase } from "./rephrase.ts";

export interface Composition extends Pick<Checked, "findings" | "repeated" | "unsearched"> {
  readonly facts: readonly Fact[];
  readonly documents: readonly SourceText[];
  readonly records: readonly ComposedRecord[];
  readonly neighbours: readonly Neighbour[];
  /** What the model was asked and what of its answers was no use; absent without a model. */
  readonly model?: Rephrased["model"];
  readonly notes: readonly string[];
}

/**
 * Composes the sets of a configuration that `loadConfig(composeConfig, …)` or `parseConfig` read. Same configuration, same sets; with a model, same answers, same sets.
 * @throws ConfigError for what is wrong in the configuration, RuntimeFailure when the model's service does not answer.
 * @example
 * const composition = await compose(await loadConfig(composeConfig, "people.yaml"));
 */
export async function compose(config: ConfigReader, options: RephraseOptions = {}): Promise<Composition> {
  const { value } = config;
  const read = await readFacts(config);
  const { model: writer, validation } = value;
  const { facts, model } = writer
    ? await rephrase(read, { model: writer, validation }, options)
    : { facts: read.facts, model: undefined };
  refuseUnknown(config, facts);
  const { records, ...checked } = checkRecords(composeRecords(facts, value), { ...read, facts }, value.checks);
  refuseUntested(config, records);
  return {
    ...checked,
    facts,
    documents: read.documents,
    records,
    neighbours: findNeighbours(records, value.neighbours),
    ...(model ? { model } : {}),
    notes: read.notes,
  };
}

/** @throws ConfigError for an id in `checks.ignore` that no fact has. */
function refuseUnknown({ value: { checks }, place }: ConfigReader, facts: readonly Fact[]): void {
  const ids = new Set(facts.map(({ id }) => id));
  const index = checks.ignore.findIndex((id) => !ids.has(id));
  if (index < 0) return;
  const id = checks.ignore[index] as string;
  const near = nearestNames(id, ids);
  throw new ConfigError(`no fact has the id "${id}"`, {
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "An id is subject/attribute, such as ann-lee/email.",
    place: place(["checks", "ignore", index]),
  });
}

/** @throws ConfigError for a side without a `val`: what was learnt and forgotten there could not be measured. */
function refuseUntested({ place }: ConfigReader, records: readonly ComposedRecord[]): void {
  for (const [scope, verb] of [
    ["unlearn", "forget"],
    ["retention", "keep"],
  ] as const) {
    const own = records.filter((record) => record.scope === scope);
    if (own.length === 0 || own.some(({ set }) => set === "val")) continue;
    throw new ConfigError(
      `${scope}_val.json would hold nothing: of the facts to ${verb} no subject has a second one that could be held out`,
      {
        hint: `Give a subject more than one fact to ${verb}, or hold out phrasings instead: validation={facts: 0, phrasings: 1}.`,
        place: place(["validation", "facts"]),
      },
    );
  }
}

/** Records of one file. */
export const recordsOf = ({ records }: Composition, scope: Scope, set: SetName): ComposedRecord[] =>
  records.filter((record) => record.scope === scope && record.set === set);
