// One typed table from names to things: objectives, scopes, metrics, architectures, formats. Entries load when first asked for.
// Knows nothing of what it holds.

import { ConfigError, type Place } from "./errors.ts";
import { describeNames } from "./nearest.ts";

/** A value, or how to import it when it is first needed. */
export type Entry<T> = { readonly value: T } | { readonly load: () => Promise<T> };

export interface Registry<T> {
  /** What one entry is called in messages, such as "objective". */
  readonly kind: string;
  /** Adds an entry. Throws an `Error` if the name is taken: two entries of one name are a bug, not a user's mistake. */
  add(name: string, entry: Entry<T>): void;
  has(name: string): boolean;
  /** Every name, in the order added. */
  names(): string[];
  /**
   * The entry of that name, loaded once however often and however concurrently it is asked for; a failed load may be tried again.
   * @throws ConfigError for an unknown name, with the nearest valid names and the whole list; `place` says where the name was written.
   */
  get(name: string, place?: Place): Promise<T>;
}

/**
 * @example
 * const objectives = createRegistry<Objective>("objective", {
 *   npo: { load: async () => (await import("./npo.ts")).npo },
 * });
 * const objective = await objectives.get("npo");
 */
export function createRegistry<T>(kind: string, entries: Readonly<Record<string, Entry<T>>> = {}): Registry<T> {
  const table = new Map<string, Entry<T>>();
  const loaded = new Map<string, Promise<T>>();

  const registry: Registry<T> = {
    kind,
    add(name, entry) {
      if (table.has(name)) throw new Error(`${kind} "${name}" is registered twice`);
      table.set(name, entry);
    },
    has: (name) => table.has(name),
    names: () => [...table.keys()],
    async get(name, place) {
      const entry = table.get(name);
      if (!entry) {
        throw new ConfigError(`unknown ${kind} "${name}"`, {
          hint: describeNames(name, table.keys()),
          ...(place ? { place } : {}),
        });
      }
      if ("value" in entry) return entry.value;
      let pending = loaded.get(name);
      if (!pending) {
        pending = entry.load();
        loaded.set(name, pending);
        pending.catch(() => loaded.delete(name));
      }
      return pending;
    },
  };
  for (const [name, entry] of Object.entries(entries)) registry.add(name, entry);
  return registry;
}
