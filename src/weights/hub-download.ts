// One file from the hub into the cache's blobs: resumed after a break, checked against its hash, named by it only when whole.
// (The hub library's own download prints to stdout and trusts a short answer, so only its listing is used.) Knows nothing of models.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { HubRefusal } from "./hub-errors.ts";

/** A file as the hub's listing describes it. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  /** Git's SHA-1 of the file, or of its pointer when it is stored apart. */
  readonly oid?: string;
  /** For files stored apart: SHA-256 and size of the contents. */
  readonly lfs?: { readonly oid: string; readonly size: number };
}

export interface BlobDownload {
  readonly url: string;
  readonly file: RemoteFile;
  /** The cache's folder of blobs. */
  readonly blobs: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
  readonly report: (receivedBytes: number, totalBytes: number) => void;
}

/** Breaks in a row without a single byte in between, after which the download is given up. */
const maxBreaks = 3;

/**
 * Downloads the file unless its blob is there, and returns the blob's name. What arrived before a failure is kept for the next attempt
 * under a name that ends in ".incomplete".
 * @throws HubRefusal for an HTTP error, ModelError when the contents are not what the hub announced, TypeError when the network breaks.
 */
export async function downloadBlob(download: BlobDownload): Promise<string> {
  const { file, blobs } = download;
  const name = file.lfs?.oid ?? file.oid ?? "";
  if (!/^[0-9a-f]{40,64}$/.test(name)) throw new ModelError(`the hub names no hash for ${file.path}`);
  const blob = join(blobs, name);
  if (existsSync(blob)) return name;

  const shared = `${blob}.incomplete`;
  const own = `${blob}.${process.pid}-${randomUUID().slice(0, 8)}.incomplete`;
  await rename(shared, own).catch(() => {}); // claim what an earlier attempt left; of two processes one gets it
  try {
    await receive(download, own);
  } catch (error) {
    if (error instanceof ModelError) await rm(own, { force: true });
    else await rename(own, shared).catch(() => {});
    throw error;
  }
  await rename(own, blob);
  return name;
}

async function receive(download: BlobDownload, path: string): Promise<void> {
  const { file, signal } = download;
  const total = file.lfs?.size ?? file.size;
  const hash = startHash(file, total);
  const handle = await open(path, "a");
  try {
    let received = (await stat(path)).size;
    if (received > total) {
      await handle.truncate(0);
      received = 0;
    }
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
    download.report(received, total);
    for (let breaks = 0; received < total; ) {
      const before = received;
      try {
        received = await receivePart(download, handle, hash, received, total);
        if (received < total) throw new TypeError(`the connection ended after ${received} of ${total} bytes`);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ModelError || error instanceof HubRefusal || isDiskFailure(error)) throw error;
        received = (await handle.stat()).size;
        breaks = received > before ? 1 : breaks + 1;
        if (breaks >= maxBreaks) throw error;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const expected = file.lfs?.oid ?? file.oid;
  const got = hash.digest("hex");
  if (got !== expected) {
    throw new ModelError(`${file.path} from the hub has the hash ${got}, not ${expected} as announced`, {
      hint: "The transfer was damaged; run again.",
    });
  }
}

/** One request from byte `from` on; returns how many bytes are there then. */
async function receivePart(
  { url, file, fetch, report }: BlobDownload,
  handle: FileHandle,
  hash: ReturnType<typeof createHash>,
  from: number,
  total: number,
): Promise<number> {
  const response = await fetch(url, { headers: from > 0 ? { Range: `bytes=${from}-` } : {} });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new HubRefusal(response.status);
  }
  // A server that ignores the range sends the file from its beginning: skip what is already here.
  let skip = from > 0 && response.status !== 206 ? from : 0;
  let received = from;
  for await (let piece of response.body as AsyncIterable<Uint8Array>) {
    const skipped = Math.min(skip, piece.byteLength);
    skip -= skipped;
    piece = piece.subarray(skipped);
    if (received + piece.byteLength > total) {
      throw new ModelError(`${file.path} from the hub is longer than the ${total} bytes announced`, {
        hint: "The transfer was damaged; run again.",
      });
    }
    for (let start = 0; start < piece.byteLength; ) start += (await handle.write(piece, start)).bytesWritten;
    hash.update(piece);
    received += piece.byteLength;
    report(received, total);
  }
  return received;
}

/** SHA-256 for files stored apart, Git's blob hash (SHA-1 over a small header and the contents) for the others. */
function startHash(file: RemoteFile, total: number): ReturnType<typeof createHash> {
  return file.lfs ? createHash("sha256") : createHash("sha1").update(`blob ${total}\0`);
}

const isDiskFailure = (error: unknown) =>
  ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS"].includes((error as NodeJS.ErrnoException)?.code ?? "");
