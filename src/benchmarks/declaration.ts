// From a benchmark's name or file to its configuration: the shipped declarations, variants laid over them, the user's overrides last.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, loadConfig, parseConfig } from "../core/config.ts";
import { ConfigError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import { laidOver } from "./laid-over.ts";
import { type BenchmarkConfig, benchmarkConfig } from "./options.ts";

/** `<name>/<name>.yaml` with a README beside it. */
const shipped = fileURLToPath(new URL("../../benchmarks", import.meta.url));

export function shippedBenchmarks(): string[] {
  return existsSync(shipped) ? readdirSync(shipped).filter((name) => existsSync(fileOf(name))) : [];
}

const fileOf = (name: string) => join(shipped, name, `${name}.yaml`);

/**
 * The declaration of that name, or in that file, with its variant and the overrides.
 * @throws ConfigError for an unknown name or variant and for whatever is wrong in the declaration.
 */
export async function loadBenchmark(
  nameOrFile: string,
  overrides: readonly string[] = [],
): Promise<Config<BenchmarkConfig>> {
  const isFile = /\.ya?ml$/.test(nameOrFile) || nameOrFile.includes("/");
  if (!isFile && !existsSync(fileOf(nameOrFile))) {
    throw new ConfigError(`unknown benchmark "${nameOrFile}"`, {
      hint: `${describeNames(nameOrFile, shippedBenchmarks())} Or give the file of one of your own.`,
    });
  }
  const file = isFile ? nameOrFile : fileOf(nameOrFile);
  // What a variant brings can only be overridden once it is laid over the rest.
  const aboutVariants = overrides.filter((override) => /^variants?[.=]/.test(override));
  const { variants, variant, ...common } = (await loadConfig(benchmarkConfig, file, aboutVariants)).value;
  if (variant === undefined) {
    const { variants: _, ...whole } = (await loadConfig(benchmarkConfig, file, overrides)).value;
    return parseConfig(benchmarkConfig, { text: JSON.stringify(whole), file });
  }
  const chosen = (name: string) => {
    const found = variants[name];
    if (found) return found;
    throw new ConfigError(`there is no variant "${name}"`, {
      place: { file, key: "variant" },
      hint: describeNames(name, Object.keys(variants)),
    });
  };
  const names = typeof variant === "string" ? [...(chosen(variant).over ?? []), variant] : variant;
  let laid: Readonly<Record<string, unknown>> = { ...common, variant };
  for (const name of names) {
    const { over: _, ...settings } = chosen(name);
    laid = laidOver(laid, settings);
  }
  return parseConfig(benchmarkConfig, { text: JSON.stringify(laid), file, overrides });
}
