// Columns of a benchmark's table about what runs revealed: how much of the true facts, in how many texts. Reads what runs left; measures nothing.

import { type Fact, factKinds } from "../unlearning/sources/revealed/coverage.ts";
import type { RoundStatistics } from "../unlearning/sources/revealed/statistics.ts";
import type { ResultCell, ResultColumn, ResultRow } from "./result.ts";

/** What rounds revealed, oldest first; undefined for a run that was given its text. */
type Revealed = readonly RoundStatistics[] | undefined;

const keyOfFact = (fact: Fact) => `revealed/${fact.replace(/\W+/g, "-")}`;
const textsKey = "revealed/texts";

/** Shown where a declaration names no columns. */
export const revealedKeys: readonly string[] = [...factKinds.map(keyOfFact), textsKey];

interface About {
  readonly fact: Fact | undefined;
  /** Of the facts, where the column counts the texts that they take. */
  readonly percent: number | undefined;
}

/** `revealed/texts`, `revealed/email`, or `revealed/email/50`: the texts until half of the addresses are told. */
function aboutOf(key: string): About | undefined {
  if (key === textsKey) return { fact: undefined, percent: undefined };
  const [, name, percent] = /^(revealed\/[\w-]+)(?:\/(\d{1,2}|100))?$/.exec(key) ?? [];
  const fact = factKinds.find((kind) => keyOfFact(kind) === name);
  return fact && { fact, percent: percent === undefined ? undefined : Number(percent) };
}

export const isAboutRevealed = (key: string): boolean => aboutOf(key) !== undefined;

export function revealedColumn(key: string): ResultColumn {
  const { fact, percent } = aboutOf(key) as About;
  const about = { measure: key, side: "other", better: "none" } as const;
  if (fact === undefined) return { ...about, title: "texts revealed from the target", scale: "free" };
  return percent === undefined
    ? { ...about, title: `${fact} told by the target`, scale: "share" }
    : { ...about, title: `texts until ${percent} % are told (${fact})`, scale: "free" };
}

/**
 * The first round is counted, the only one that asks the target itself: later rounds ask a model that has forgotten some.
 * `keys`: as `isAboutRevealed`.
 */
export function revealedCells(rounds: Revealed, keys: readonly string[]): ResultRow["cells"] {
  const [first] = rounds ?? [];
  return Object.fromEntries(keys.map((key) => [key, cellOf(first, aboutOf(key) as About)]));
}

function cellOf(round: RoundStatistics | undefined, { fact, percent }: About): ResultCell {
  const none = (reason: string, n = 0) => ({ value: null, n, reason });
  if (!round) return none("its text was given, not revealed");
  const texts = round.batches.at(-1)?.texts ?? 0;
  if (fact === undefined) return { value: texts, n: texts };
  const coverage = round.coverage.find((each) => each.fact === fact);
  if (!coverage) return none("there is no such fact in the text that was held against");
  const { found, facts } = coverage;
  const share = found.at(-1) ?? 0;
  if (percent === undefined) return { value: share, n: facts };
  const batch = found.findIndex((told) => 100 * told >= percent);
  const needed = round.batches[batch]?.texts;
  if (needed === undefined) return none(`not that many were told in ${texts} texts`, facts);
  return { value: needed, n: facts };
}
