// `lethe <command> [config.yaml] [key=value ...]`: which argument is which. Knows no command's configuration.

import { existsSync } from "node:fs";
import type { z } from "zod";
import { type Config, loadConfig, parseConfig } from "../core/config.ts";
import { ConfigError } from "../core/errors.ts";

/**
 * The configuration that a command's positional arguments mean: at most one file, and overrides, in any order. Without a file the
 * overrides have to say everything that has no default.
 * @throws ConfigError for no argument at all, for a second file, and whatever `loadConfig` throws.
 */
export async function readConfigArguments<Schema extends z.ZodType>(
  schema: Schema,
  positional: readonly string[],
): Promise<Config<z.output<Schema>>> {
  // A folder may be called lr=1e-3.
  const isOverride = (argument: string) => argument.includes("=") && !existsSync(argument);
  const overrides = positional.filter(isOverride);
  const files = positional.filter((argument) => !isOverride(argument));
  const [file, second] = files;
  if (second !== undefined) {
    throw new ConfigError(`one configuration file is expected, got ${files.join(" and ")}`, {
      hint: `If "${second}" is meant for a key, write key=${second}.`,
    });
  }
  if (file !== undefined) return loadConfig(schema, file, overrides);
  try {
    return parseConfig(schema, { overrides });
  } catch (cause) {
    if (overrides.length > 0) throw cause;
    throw new ConfigError("no configuration is given", {
      hint: "Name a YAML file, or set every key that has no default with key=value; --help shows examples.",
      cause,
    });
  }
}
