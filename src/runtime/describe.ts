// What a backend says about itself, for a run's manifest.

import type { Backend } from "./backend.ts";

/** A backend's name, and where it says more (device, threads, versions and why each was chosen) that too. */
export function describeBackend(backend: Backend): Readonly<Record<string, string | number>> {
  const { details = {} } = backend as { details?: Readonly<Record<string, string | number>> };
  return { backend: backend.name, ...details };
}
