// How many threads a program may use, and why that many.

import { availableParallelism } from "node:os";
import { ConfigError } from "../../core/errors.ts";

export interface ThreadChoice {
  readonly count: number;
  readonly why: string;
}

/** The option, else LETHE_THREADS, else what this process may use. Throws ConfigError for anything but a whole number ≥ 1. */
export function chooseThreads(
  option: number | undefined,
  environment: NodeJS.ProcessEnv = process.env,
  available: number = availableParallelism(),
): ThreadChoice {
  if (option !== undefined) return { count: checked(option, "threads"), why: "the option threads" };
  const fromEnvironment = environment.LETHE_THREADS;
  if (fromEnvironment) return { count: checked(Number(fromEnvironment), "LETHE_THREADS"), why: "LETHE_THREADS" };
  return { count: available, why: `this process may use ${available} cores` };
}

function checked(count: number, key: string): number {
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw new ConfigError(`${key} is ${count}, which is not a number of threads`, {
    place: { key },
    hint: "Give a whole number from 1 to 1024, or leave it out to use every core.",
  });
}
