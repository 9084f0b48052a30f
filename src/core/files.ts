// Files that are either whole or not there: atomic writes and hashes. Knows nothing of what is in them.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError, LetheError } from "./errors.ts";

/**
 * Writes a file so that a reader, a crash or a full disk never leaves half of it: temporary name beside it, fsync, rename.
 * Folders above it are made.
 * @throws FileError when it cannot be written (full disk, rights, read-only); the old file, if any, is untouched.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await writeFileAtomicWith(path, async (file) => {
    await file.writeFile(data);
  });
}

/** `writeFileAtomic` for content that is produced piece by piece. If `write` throws, the temporary file is removed and the error passed on. */
export async function writeFileAtomicWith(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explainFileFailure(error, path, "write");
  }
}

/** SHA-256 of bytes or of a text's UTF-8, as 64 hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** SHA-256 of a file's bytes, read in pieces. @throws FileError when it cannot be read. */
export async function sha256File(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, ...options }))
      hash.update(piece as Buffer);
  } catch (error) {
    throw explainFileFailure(error, path, "read");
  }
  return hash.digest("hex");
}

/** Turns an operating system's refusal into a FileError that says path and remedy; every other error is returned as it is. */
export function explainFileFailure(error: unknown, path: string, doing: "read" | "write"): unknown {
  if (LetheError.isInstance(error) || !(error instanceof Error)) return error;
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ""];
  if (!reason) return error;
  return new FileError(`cannot ${doing} ${path}: ${reason.what}`, {
    hint: reason.remedy,
    place: { file: path },
    cause: error,
  });
}

/** The same for a folder that is built under a temporary name: what could not be written is the folder, not a file in a place nobody knows. */
export function explainFolderFailure(error: unknown, path: string): unknown {
  return error instanceof FileError
    ? explainFileFailure(error.cause, path, "write")
    : explainFileFailure(error, path, "write");
}

const REASONS: Readonly<Record<string, { readonly what: string; readonly remedy: string }>> = {
  ENOSPC: { what: "the disk is full", remedy: "Free space there or choose a folder on another disk, then run again." },
  EDQUOT: {
    what: "the disk quota is used up",
    remedy: "Free space there or choose a folder on another disk, then run again.",
  },
  EFBIG: {
    what: "the file grew beyond what the file system or a limit allows",
    remedy: "Choose a folder on another disk or raise the limit (ulimit -f).",
  },
  EACCES: { what: "permission denied", remedy: "Choose a path that this user may use, or change its rights." },
  EPERM: { what: "operation not permitted", remedy: "Choose a path that this user may use, or change its rights." },
  EROFS: { what: "the file system is read-only", remedy: "Choose a folder on a writable disk." },
  EISDIR: { what: "it is a folder, not a file", remedy: "Give the path of a file." },
  ENOTDIR: { what: "a part of the path is a file, not a folder", remedy: "Check the path." },
  EEXIST: { what: "something of that name is in the way", remedy: "Move it away or choose another path." },
  ENOENT: { what: "no such file or folder", remedy: "Check the path; relative paths count from the current folder." },
  ENAMETOOLONG: { what: "the name is too long for this file system", remedy: "Choose a shorter name." },
  EMFILE: { what: "too many files are open", remedy: "Raise the limit (ulimit -n) or close other programs." },
  EIO: { what: "the disk reports an input/output error", remedy: "Check the disk; choose another one." },
};

/** Makes a rename durable; file systems and platforms that cannot sync a folder are left alone. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
