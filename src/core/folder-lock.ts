// One process per run folder: a lock file naming its holder. A holder that died loses it. Knows nothing of what the folder is for.

import { randomUUID } from "node:crypto";
import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { RunError } from "./errors.ts";
import { explainFileFailure } from "./files.ts";

export const LOCK_NAME = ".lock";

export interface FolderLock {
  readonly folder: string;
  /** True if the lock of a dead process was taken over: its run was cut short. */
  readonly tookOver: boolean;
  release(): void;
  /** Releases, and removes the folders that were made for the lock, as far as nothing is in them. */
  abandon(): void;
  [Symbol.dispose](): void;
}

interface Holder {
  readonly pid: number;
  /** When the process began, as its operating system says it: tells a reused pid apart. Empty where unknown. */
  readonly start: string;
  readonly host: string;
  readonly token: string;
}

/**
 * Locks a folder (made if missing) until `release` or the end of the process.
 * @throws RunError when a living process holds it; FileError when the folder cannot be written.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_NAME);
  const own: Holder = { pid: process.pid, start: processStart(process.pid), host: hostname(), token: randomUUID() };
  const draft = join(folder, `${LOCK_NAME}.${own.token}`);
  let tookOver = false;
  let made: string | undefined;
  const undo = () => {
    rmSync(draft, { force: true });
    if (made !== undefined) removeEmptyFolders(resolve(folder), resolve(made));
  };
  try {
    made = mkdirSync(folder, { recursive: true });
    writeFileSync(draft, JSON.stringify(own));
    while (!placeLock(draft, path)) {
      const text = readIfThere(path);
      if (text === undefined) continue;
      const holder = parseHolder(text);
      if (holder && isAlive(holder)) throw inUse(folder, path, holder);
      tookOver = removeIfUnchanged(path, text) || tookOver;
    }
    rmSync(draft, { force: true });
  } catch (error) {
    quietly(undo);
    throw explainFileFailure(error, folder, "write");
  }
  const release = () => {
    if (parseHolder(readIfThere(path) ?? "")?.token === own.token) rmSync(path, { force: true });
  };
  const abandon = () => {
    release();
    undo();
  };
  return { folder, tookOver, release, abandon, [Symbol.dispose]: release };
}

/** From `folder` up to `top`, until one is not empty. */
function removeEmptyFolders(folder: string, top: string): void {
  for (let current = folder; ; current = dirname(current)) {
    try {
      rmdirSync(current);
    } catch {
      return;
    }
    if (current === top) return;
  }
}

/** For tidying up after an error, which must not be hidden by another. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {}
}

/** Gives the finished draft its name, unless the name is taken. A link is atomic; file systems without links get an exclusive copy. */
function placeLock(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
  }
  try {
    copyFileSync(draft, path, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock only if it still is the dead one: it is moved aside first, and put back if somebody was faster. */
function removeIfUnchanged(path: string, expected: string): boolean {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  const unchanged = readFileSync(aside, "utf8") === expected;
  if (!unchanged) placeLock(aside, path);
  rmSync(aside, { force: true });
  return unchanged;
}

function inUse(folder: string, path: string, holder: Holder): RunError {
  const elsewhere = holder.host !== hostname();
  // Without its start, a process that merely got the number of a dead holder looks like it.
  const unsure = holder.start === "" ? ` If that process is no Lethe run, delete ${path}.` : "";
  return new RunError(
    `run folder ${folder} is in use by process ${holder.pid}${elsewhere ? ` on ${holder.host}` : ""}`,
    {
      hint: elsewhere
        ? `Wait for it or choose another folder. If that machine no longer runs it, delete ${path}.`
        : `Wait for it to end, stop it, or choose another folder.${unsure}`,
      place: { file: path },
    },
  );
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const start = processStart(holder.pid);
  return start === "" || holder.start === "" || start === holder.start;
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot; the process name before it may hold spaces and brackets. */
function processStart(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ESRCH")
      return undefined;
    throw error;
  }
}

/** Undefined for text that is no lock: nobody can hold it. */
function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}
