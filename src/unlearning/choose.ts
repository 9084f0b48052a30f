// From a name or { name, … } in a configuration to an entry of a table with its options checked.

import type { z } from "zod";
import { parseConfig } from "../core/config.ts";
import { ConfigError } from "../core/errors.ts";
import type { Registry } from "../core/registry.ts";
import type { Named } from "./config.ts";

interface Optioned {
  readonly name: string;
  readonly options: z.ZodType;
}

/** @throws ConfigError for an unknown name or option, naming the nearest valid one. */
export async function choose<T extends Optioned>(
  table: Registry<T>,
  named: Named,
): Promise<{ entry: T; options: object }> {
  const { name, ...given } = typeof named === "string" ? { name: named } : named;
  const entry = await table.get(name, { key: table.kind });
  try {
    const { value } = parseConfig(entry.options, { text: JSON.stringify(given) });
    return { entry, options: value as object };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${table.kind} "${name}": ${error.message}`, {
      place: { key: table.kind },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
