// A data file as UTF-8 text, by lines or whole, in bounded memory; one whose name ends in .gz is unpacked. Knows nothing of what the text means.

import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "../core/errors.ts";
import { explainFileFailure } from "../core/files.ts";

const MEBI = 1024 * 1024;
/** A line longer than this is not a record but a mistake (a model file, a JSON file without line breaks). */
export const MAX_LINE_BYTES = 16 * MEBI;
/** Formats that need the whole file refuse more than this; line formats have no such limit. */
export const MAX_WHOLE_BYTES = 256 * MEBI;
const HEAD_BYTES = 64 * 1024;

export interface SourceLine {
  readonly text: string;
  /** 1-based. */
  readonly number: number;
}

export interface SourceFile {
  readonly path: string;
  /** Lines without their ends (LF or CRLF), without the byte order mark. @throws DataError for invalid UTF-8 and lines over MAX_LINE_BYTES. */
  lines(): AsyncGenerator<SourceLine>;
  /** The whole text without the byte order mark. @throws DataError for invalid UTF-8 and files over MAX_WHOLE_BYTES. */
  whole(): Promise<string>;
  /** The first 64 KiB as text, broken bytes replaced: enough to guess a format by. @throws DataError for UTF-16. */
  head(): Promise<string>;
}

/** @throws (from its methods) FileError when the file cannot be read, DataError when it is not UTF-8 text. */
export function openSource(path: string, options: { readonly signal?: AbortSignal } = {}): SourceFile {
  async function* stored(): AsyncGenerator<Buffer> {
    try {
      const file = await open(path, "r");
      try {
        for (;;) {
          options.signal?.throwIfAborted();
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(HEAD_BYTES), 0, HEAD_BYTES, null);
          if (bytesRead === 0) return;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      throw explainFileFailure(error, path, "read");
    }
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    if (!path.endsWith(".gz")) return yield* stored();
    const packed = Readable.from(stored());
    const unpacked = createGunzip();
    packed.on("error", (error) => unpacked.destroy(error));
    try {
      for await (const chunk of packed.pipe(unpacked)) yield chunk as Buffer;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (!code?.startsWith("Z_")) throw cause;
      throw new DataError(`the file cannot be unpacked: ${message}`, {
        hint: "Its name ends in .gz; was it cut off?",
        place: { file: path },
        cause,
      });
    } finally {
      packed.destroy();
    }
  }

  async function* byteLines(): AsyncGenerator<{ bytes: Buffer; number: number }> {
    let number = 1;
    let pending: Buffer[] = [];
    let pendingBytes = 0;
    for await (const chunk of chunks()) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        yield { bytes: Buffer.concat([...pending, chunk.subarray(start, end)]), number: number++ };
        pending = [];
        pendingBytes = 0;
        start = end + 1;
      }
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > MAX_LINE_BYTES) throw tooLong(path, number);
    }
    if (pendingBytes > 0) yield { bytes: Buffer.concat(pending), number };
  }

  return {
    path,
    async *lines() {
      for await (const { bytes, number } of byteLines()) {
        const text = decode(bytes, path, number);
        const start = number === 1 && text.startsWith("\ufeff") ? 1 : 0;
        const end = text.endsWith("\r") ? text.length - 1 : text.length;
        yield { text: text.slice(start, Math.max(start, end)), number };
      }
    },
    async whole() {
      const parts: Buffer[] = [];
      let size = 0;
      for await (const chunk of chunks()) {
        parts.push(chunk);
        size += chunk.length;
        if (size > MAX_WHOLE_BYTES) {
          throw new DataError(
            `the file is larger than ${MAX_WHOLE_BYTES / MEBI} MiB and its format must be read whole`,
            {
              hint: "Write one JSON object per line (JSONL): such files may be of any size.",
              place: { file: path },
            },
          );
        }
      }
      return decodeWhole(Buffer.concat(parts), path);
    },
    async head() {
      for await (const chunk of chunks()) {
        if (isUtf16(chunk)) decode(chunk, path, 1);
        return new TextDecoder().decode(chunk);
      }
      return "";
    },
  };
}

const isUtf16 = (bytes: Uint8Array) =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

function decode(bytes: Uint8Array, path: string, line: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const utf16 = isUtf16(bytes) && line === 1;
    throw new DataError(utf16 ? "the file is UTF-16, expected UTF-8" : "this line is not valid UTF-8", {
      hint: `Save the file as UTF-8 (for instance: iconv -f ${utf16 ? "UTF-16" : "LATIN1"} -t UTF-8).`,
      place: { file: path, line },
      cause,
    });
  }
}

/** Decodes at once; only when that fails are the lines tried one by one, to say which is broken. */
function decodeWhole(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    let line = 1;
    for (let start = 0; start < bytes.length; line++) {
      const newline = bytes.indexOf(10, start);
      const end = newline < 0 ? bytes.length : newline;
      decode(bytes.subarray(start, end), path, line);
      start = end + 1;
    }
    throw new DataError("the file is not valid UTF-8", { place: { file: path } });
  }
}

function tooLong(path: string, line: number): DataError {
  return new DataError(`this line is longer than ${MAX_LINE_BYTES / MEBI} MiB`, {
    hint: "Is this a data file? Records are expected one per line.",
    place: { file: path, line },
  });
}
