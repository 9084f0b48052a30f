// `model:small` and `adapter:small` in a declaration: a named model's folder, wherever a setting wants one. Knows neither what the settings mean nor how models come about.

import { ConfigError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";

/** Folders of a model that has a name. */
export interface ModelPaths {
  readonly model: string;
  /** Of the low-rank matrices that it was taught through; nothing is there for a model taught whole. */
  readonly adapter: string;
}

const reference = /^(model|adapter):(.+)$/;

/** Names that any text within `value` refers to, each once. */
export function referencesIn(value: unknown): string[] {
  const names = new Set<string>();
  replaceTexts(value, (text) => {
    const name = reference.exec(text)?.[2];
    if (name !== undefined) names.add(name);
    return text;
  });
  return [...names];
}

/** `value`, which is plain data, with folders in place of references. @throws ConfigError for a name that no model has; `key` says where it was written. */
export function withFolders<Value>(value: Value, models: ReadonlyMap<string, ModelPaths>, key: string): Value {
  return replaceTexts(value, (text) => {
    const [, kind, name] = reference.exec(text) ?? [];
    if (name === undefined) return text;
    const paths = models.get(name);
    if (!paths) throw noModel(name, models.keys(), key);
    return paths[kind as keyof ModelPaths];
  }) as Value;
}

export const noModel = (name: string, known: Iterable<string>, key: string) =>
  new ConfigError(`there is no model "${name}"`, { place: { key }, hint: describeNames(name, known) });

function replaceTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => replaceTexts(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaceTexts(each, change)]));
}
