// The one ONNX Runtime environment of this process: library, thread pool, CPU arena. Opened by the first backend and kept until
// the process ends, because every value and every program of every backend hangs on it.

import type { Address } from "../ffi.ts";
import { loadApi, type OrtApi } from "./api.ts";
import { chooseLibrary, type LibraryChoice } from "./library.ts";

export interface Environment {
  readonly api: OrtApi;
  readonly library: LibraryChoice;
  readonly handle: Address;
  /** Describes JavaScript's own memory. */
  readonly cpuMemory: Address;
  /** Threads of the pool that all programs share. A backend that wants another number has pools of its own, one per program. */
  readonly poolThreads: number;
}

/** Above "fatal" is nothing: every failure comes back as a status and is thrown, so ONNX Runtime prints none. */
export const silent = 4;

let opened: Environment | undefined;

/** Throws RuntimeFailure when the library is missing or unusable. `threads` counts for the first call of the process only. */
export function openEnvironment(threads: number): Environment {
  opened ??= open(threads);
  return opened;
}

function open(threads: number): Environment {
  const library = chooseLibrary();
  const api = loadApi(library.file);
  // One spinning pool for all programs: with a pool each, the threads of the last program spin on the cores that the next one needs.
  const options = api.make("createThreadingOptions");
  api.check("setGlobalIntraOpThreads", options, threads);
  api.check("setGlobalSpinControl", options, 1);
  const handle = api.make("createEnvWithGlobalThreadPools", silent, "lethe", options);
  api.call("releaseThreadingOptions", options);
  const arenaKind = 1;
  const cpuMemory = api.make("createCpuMemoryInfo", arenaKind, 0);
  shareArena(api, handle, cpuMemory);
  return { api, library, handle, cpuMemory, poolThreads: threads };
}

/** One CPU arena for all programs: twenty programs that run in turn need the memory of the largest, not of all. */
function shareArena(api: OrtApi, environment: Address, memory: Address): void {
  const config = api.make("createArenaConfig", ["arena_extend_strategy"], new BigUint64Array(1), 1);
  try {
    api.check("createAndRegisterAllocator", environment, memory, config);
  } catch (error) {
    // Another thread of this process opened the environment first; its arena is the one shared.
    if (!/already/i.test((error as Error).message)) throw error;
  } finally {
    api.call("releaseArenaConfig", config);
  }
}
