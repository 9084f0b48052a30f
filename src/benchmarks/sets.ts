// A benchmark's sets: from their names to files in its folder. Reads nothing.

import { isAbsolute, join } from "node:path";
import { ConfigError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import type { EvaluationOptions } from "../evaluation/index.ts";
import type { DataSources } from "../unlearning/config.ts";
import type { BenchmarkConfig, BenchmarkSource } from "./options.ts";

interface Sides<T> {
  readonly forget?: T | undefined;
  readonly retain?: T | undefined;
}

export interface BenchmarkSets {
  /** Where the files are. */
  readonly folder: string;
  /** Data sources of one or several sets, as a run's configuration names them. @throws ConfigError for a name that is no set. */
  sourcesOf(names: string | readonly string[], key: string): DataSources;
  /** The same for each side that is named. */
  sidesOf(sides: Sides<string | readonly string[]>, key: string): Sides<DataSources>;
  /** Data that a setting names: text is the name of a set, sources with details are as they are. @throws ConfigError for a name that is no set. */
  named(data: DataSources, key: string): DataSources;
  /** The evaluation with sources in place of the names of sets. @throws ConfigError for a name that is no set. */
  evaluation(options: EvaluationOptions): EvaluationOptions;
}

export function namedSets({ sets }: Pick<BenchmarkConfig, "sets">, folder: string): BenchmarkSets {
  const sourcesOf: BenchmarkSets["sourcesOf"] = (names, key) => {
    const sources = (typeof names === "string" ? [names] : names).flatMap((name) => {
      const set = sets[name];
      if (!set) {
        throw new ConfigError(`there is no set "${name}"`, {
          place: { key },
          hint: describeNames(name, Object.keys(sets)),
        });
      }
      return filesOf(set).map(({ records: _, published: __, ...source }) => ({
        ...source,
        path: pathIn(folder, source.path),
      }));
    });
    return sources as [(typeof sources)[number], ...typeof sources];
  };
  const named: BenchmarkSets["named"] = (data, key) => {
    const sources = (Array.isArray(data) ? data : [data]).flatMap((entry) => {
      if (typeof entry !== "string") return [entry];
      return sourcesOf(entry, key) as Exclude<typeof entry, string>[];
    });
    return sources as [(typeof sources)[number], ...typeof sources];
  };
  return {
    folder,
    sourcesOf,
    named,
    sidesOf: ({ forget, retain }, key) => ({
      ...(forget === undefined ? {} : { forget: sourcesOf(forget, `${key}.forget`) }),
      ...(retain === undefined ? {} : { retain: sourcesOf(retain, `${key}.retain`) }),
    }),
    evaluation: (options) => {
      const { sets: measured, corpus, unseen } = options;
      const withSources = Object.entries(measured).map(
        ([name, set]) => [name, { ...set, data: named(set.data, `evaluation.sets.${name}.data`) }] as const,
      );
      return {
        ...options,
        sets: Object.fromEntries(withSources),
        ...(corpus === undefined ? {} : { corpus: named(corpus, "evaluation.corpus") }),
        ...(unseen === undefined ? {} : { unseen: named(unseen, "evaluation.unseen") }),
      };
    },
  };
}

/** The files of a set. */
export const filesOf = (set: BenchmarkSource | readonly BenchmarkSource[]): readonly BenchmarkSource[] =>
  "path" in set ? [set] : set;

/** A file of a benchmark; one of another data set has a path from the root. */
export const pathIn = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));
