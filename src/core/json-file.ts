// Reads a JSON object from a file that nobody vouches for: bounded size, valid UTF-8, no key twice, no endless nesting. Knows nothing of what the keys mean.

import { readFileSync, statSync } from "node:fs";
import { FileError, ModelError } from "./errors.ts";
import { explainFileFailure } from "./files.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The JSON object in `path`.
 * @throws ModelError when the file is missing, larger than `limitBytes`, not a JSON object, or nested more than 100 levels deep.
 */
export function readJsonObject(path: string, { limitBytes = 64 * 1024 * 1024 } = {}): JsonObject {
  let bytes: Uint8Array;
  try {
    const status = statSync(path);
    // Reading a pipe would wait for a writer, maybe for ever; a folder is said below.
    if (!status.isFile() && !status.isDirectory()) {
      throw new ModelError(`${path} is not a regular file`, { place: { file: path } });
    }
    const { size } = status;
    if (size > limitBytes) {
      throw new ModelError(`${path} has ${size} bytes; at most ${limitBytes} are read from a file of this kind`, {
        hint: "This is probably not the file it is named after.",
        place: { file: path },
      });
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const known = explainFileFailure(error, path, "read");
    const { message, hint } =
      known instanceof FileError ? known : { message: `cannot read ${path}: ${error}`, hint: "" };
    throw new ModelError(message, {
      hint: hint || "Check that the file exists and may be read.",
      place: { file: path },
      cause: error,
    });
  }
  return parseJsonObject(bytes, path);
}

/** The JSON object in `bytes`; `what` names them in errors. @throws ModelError */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const fail = (problem: string, cause?: unknown) =>
    new ModelError(`${what}: ${problem}`, {
      hint: "The file is damaged or was not written by a JSON writer; fetch or export it again.",
      place: { file: what },
      cause,
    });
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw fail("not valid UTF-8", error);
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail(`not valid JSON (${(error as Error).message.slice(0, 200)})`, error);
  }
  if (!isJsonObject(value)) throw fail(`holds ${Array.isArray(value) ? "a list" : typeof value}, not a JSON object`);
  const flaw = findFlaw(text);
  if (flaw !== undefined) throw fail(flaw);
  return value;
}

/** No file read here is anywhere near; whoever walks the value takes a level of the call stack for each. */
const deepest = 100;

/** What is wrong with this valid JSON text: a key twice in an object (JSON.parse would silently keep the last), or too many levels. */
export function findFlaw(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // one entry per open bracket; undefined for a list
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case 0x7b: // {
        open.push(new Set());
        if (open.length > deepest) return `nests deeper than ${deepest} levels`;
        break;
      case 0x5b: // [
        open.push(undefined);
        if (open.length > deepest) return `nests deeper than ${deepest} levels`;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        break;
      case 0x22: {
        const start = i++;
        while (json.charCodeAt(i) !== 0x22) i += json.charCodeAt(i) === 0x5c ? 2 : 1;
        let next = i + 1;
        while (json.charCodeAt(next) <= 0x20) next++;
        const keys = open.at(-1);
        if (!keys || json.charCodeAt(next) !== 0x3a) break; // a value, not a key
        const raw = json.slice(start + 1, i);
        const key = raw.includes("\\") ? (JSON.parse(json.slice(start, i + 1)) as string) : raw;
        if (keys.has(key)) return `the key ${JSON.stringify(key.slice(0, 200))} occurs twice in one object`;
        keys.add(key);
      }
    }
  }
  return undefined;
}
