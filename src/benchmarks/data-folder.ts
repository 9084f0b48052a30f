// Where a benchmark's files are: in the folder that the user names, there in the form in which they are published, or on the hub.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "../core/errors.ts";
import { resolveDataset } from "../weights/index.ts";
import type { RunWatch } from "./contained-run.ts";
import type { BenchmarkConfig, BenchmarkSource } from "./options.ts";
import { filesOf } from "./sets.ts";

type Watch = Pick<RunWatch, "report" | "signal">;

/**
 * The folder, and the configuration for what is in it: sources name the files that there are, and the hub may lack refusals, which a benchmark can do without.
 * @throws ConfigError when there is nowhere to look; DataError when the hub gives nothing.
 */
export async function findData(
  config: BenchmarkConfig,
  watch: Watch,
): Promise<{ readonly folder: string; readonly config: BenchmarkConfig }> {
  const { data, hub, title, unlearn } = config;
  if (data === undefined && hub === undefined)
    throw new ConfigError(`${title} needs its data`, { place: { key: "data" }, hint: hintOf(config) });
  const { refusals, ...rest } = unlearn;
  const sources = Object.values(config.sets).flatMap(filesOf);
  const placed = new Map(sources.map((source) => [source, placeOf(source, config)]));
  const folders = new Map<string, string>();
  if (data === undefined)
    watch.report({ type: "note", text: `data: ${hub} on the hub`, reason: "no folder is named (--data)" });
  for (const id of new Set([
    ...(data === undefined ? [hub as string] : []),
    ...[...placed.values()].flatMap((place) => place.hub ?? []),
  ])) {
    const wanted = [...placed.values()].filter((place) => place.hub === id).map(({ path }) => path);
    const more = id === hub && data === undefined && refusals !== undefined ? [refusals] : [];
    const { path, note } = await resolveDataset(id, [...new Set([...wanted, ...more])], { signal: watch.signal });
    if (note !== undefined) watch.report({ type: "note", text: `${id} is taken from the cache`, reason: note });
    folders.set(id, path);
  }
  const folder = data ?? (folders.get(hub as string) as string);
  const found = (source: BenchmarkSource): BenchmarkSource => {
    const { published: _, split: __, ...details } = source;
    const { path, split, hub: id } = placed.get(source) as Placed;
    // A path that begins at the root stays as it is when it is looked for in the benchmark's folder.
    const from = id === undefined || id === hub ? path : resolve(folders.get(id) as string, path);
    return { ...details, path: from, ...(split === undefined ? {} : { split }) };
  };
  const sets = Object.entries(config.sets).map(([name, set]) => {
    const list = filesOf(set).map(found);
    return [name, list as [BenchmarkSource, ...BenchmarkSource[]]] as const;
  });
  const refuses = data !== undefined || (refusals !== undefined && existsSync(resolve(folder, refusals)));
  return { folder, config: { ...config, sets: Object.fromEntries(sets), ...(refuses ? {} : { unlearn: rest }) } };
}

/** A file, by its path in the user's folder or in a data set on the hub. */
interface Placed {
  readonly path: string;
  readonly split?: string | undefined;
  readonly hub?: string | undefined;
}

function placeOf(
  { path, split, published }: BenchmarkSource,
  { data, hub }: Pick<BenchmarkConfig, "data" | "hub">,
): Placed {
  if (data === undefined) return { hub, path, split, ...published };
  if (published === undefined || existsSync(resolve(data, path))) return { path, split };
  if (existsSync(join(data, published.path))) return { path: published.path, split: published.split };
  return published.hub === undefined ? { path, split } : published;
}

/** Where to get the files. */
export const hintOf = ({ hub, published }: Pick<BenchmarkConfig, "hub" | "published">): string => {
  const where = published ?? (hub === undefined ? undefined : `${hub} on the hub`);
  return `Give the folder with the files as published (--data <folder>)${where === undefined ? "" : `; they are ${where}`}.`;
};
