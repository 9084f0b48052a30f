// What methods need of a benchmark's records, and what its records give.

import { refuseOverlap } from "../data/overlap.ts";
import type { DataRecord } from "../data/record.ts";
import type { BranchName } from "../training/loss.ts";
import { readSources } from "../unlearning/session.ts";
import type { BenchmarkConfig } from "./options.ts";
import type { BenchmarkSets } from "./sets.ts";

export interface Given {
  readonly forget: RecordFacts;
  /** Undefined where nothing is named to stay. */
  readonly retain: RecordFacts | undefined;
  readonly refusals: boolean;
  /** By label, of methods that name text of their own to stay. */
  readonly ownRetain?: Readonly<Record<string, RecordFacts>>;
}

interface RecordFacts {
  /** Every record asks something. */
  readonly questions: boolean;
  /** Every record brings another answer. */
  readonly alternates: boolean;
}

/** Reads the records of both sides. @throws DataError for records that cannot be read, or that are on both sides. */
export async function whatIsGiven(
  { unlearn, folds, methods }: Pick<BenchmarkConfig, "unlearn" | "folds" | "methods">,
  sets: BenchmarkSets,
  signal?: AbortSignal,
): Promise<Given> {
  const read = async (names: string | readonly string[], key: string) =>
    (await readSources(sets.sourcesOf(names, key), signal)).records;
  const forget = await read(folds?.flat() ?? unlearn.forget, "unlearn.forget");
  const retain = unlearn.retain === undefined ? undefined : await read(unlearn.retain, "unlearn.retain");
  if (retain) refuseOverlap(forget, retain);
  const ownRetain: Record<string, RecordFacts> = {};
  for (const [label, { retain: own }] of Object.entries(methods)) {
    if (own === undefined) continue;
    const records = await read(own, `methods.${label}.retain`);
    refuseOverlap(forget, records);
    ownRetain[label] = facts(records);
  }
  return {
    forget: facts(forget),
    retain: retain && facts(retain),
    refusals: unlearn.refusals !== undefined,
    ownRetain,
  };
}

const facts = (records: readonly DataRecord[]): RecordFacts => ({
  questions: records.every(({ kind }) => kind === "question-answer"),
  alternates: records.every((record) => record.kind === "question-answer" && record.alternate !== undefined),
});

export interface Needs {
  readonly branches: readonly BranchName[];
  /** The source that makes the text to forget. */
  readonly source: string;
  /** It is given no text: it finds it out from the model. */
  readonly reveals: boolean;
  /** The plan looks at the text that must stay. */
  readonly planNeedsRetain: boolean;
}

/** Why the method cannot be run on these records; undefined where it can. */
export function lackOf({ branches, source, reveals, planNeedsRetain }: Needs, given: Given): string | undefined {
  const { forget, retain, refusals } = given;
  if ((branches.includes("retain") || planNeedsRetain) && !retain) return "needs text that must stay";
  if (source !== "given" && !reveals && !forget.questions)
    return `source ${source} needs questions to forget, not plain text`;
  const alternates: readonly [BranchName, RecordFacts | undefined][] = [
    ["alternate", source === "given" ? forget : undefined],
    ["retainAlternate", retain],
  ];
  for (const [branch, records] of alternates) {
    if (!branches.includes(branch) || !records) continue;
    const side = branch === "alternate" ? "forget" : "retain";
    if (!records.questions) return `needs other answers to the ${side} questions, and there is plain text`;
    if (!records.alternates && !refusals) {
      return `needs other answers to the ${side} questions: refusals, or alternates of their own`;
    }
  }
  return undefined;
}
