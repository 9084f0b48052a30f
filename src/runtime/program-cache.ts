// Programs by key: compiled once, shared by everyone who asks, released when the last of them disposes it.

import { RuntimeFailure } from "../core/errors.ts";
import type { Program } from "./backend.ts";

export interface ProgramCache {
  /** The program of this key, compiled when there is none. What is returned is the caller's own to dispose. */
  get(key: string, compile: () => Promise<Program>): Promise<Program>;
  /** Number of programs held. */
  readonly size: number;
  /** Disposes all, also those still in use. */
  clear(): void;
}

interface Entry {
  readonly program: Promise<Program>;
  holders: number;
}

export function createProgramCache(): ProgramCache {
  const entries = new Map<string, Entry>();

  function letGo(key: string, entry: Entry, program: Program): void {
    entry.holders--;
    if (entry.holders > 0) return;
    if (entries.get(key) === entry) entries.delete(key);
    program.dispose();
  }

  return {
    get size() {
      return entries.size;
    },
    async get(key, compile) {
      const entry = entries.get(key) ?? { program: compile(), holders: 0 };
      entries.set(key, entry);
      entry.holders++;
      try {
        const program = await entry.program;
        return holdProgram(program, () => letGo(key, entry, program));
      } catch (error) {
        if (entries.get(key) === entry) entries.delete(key);
        throw error;
      }
    },
    clear() {
      for (const { program } of entries.values())
        program.then(
          (ready) => ready.dispose(),
          () => {},
        );
      entries.clear();
    },
  };
}

/** One holder's view of a shared program. */
function holdProgram(program: Program, letGo: () => void): Program {
  let disposed = false;
  const dispose = () => {
    if (disposed) return;
    disposed = true;
    letGo();
  };
  return {
    inputs: program.inputs,
    outputs: program.outputs,
    run(inputs, options) {
      if (!disposed) return program.run(inputs, options);
      return Promise.reject(new RuntimeFailure("a program is run after it was disposed"));
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
