// Errors about shapes and dtypes, pointing at the line that called into the tensor layer. Knows nothing of particular ops.

import { ShapeError } from "../core/errors.ts";

const folder = import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1).replace(/^file:\/\//, "");

/** Throws a ShapeError `<op>: <problem> (at <file>:<line>)`; the place is the first stack frame outside this folder. */
export function failShape(op: string, problem: string, hint?: string): never {
  const caller = callerPlace();
  const at = caller ? ` (at ${caller.file.slice(caller.file.lastIndexOf("/") + 1)}:${caller.line})` : "";
  throw new ShapeError(`${op}: ${problem}${at}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(caller === undefined ? {} : { place: caller }),
  });
}

function callerPlace(): { file: string; line: number } | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  for (const frame of stack.split("\n")) {
    const match = /\(?((?:file:\/\/)?\/?[^()\s]*):(\d+):\d+\)?$/.exec(frame.replace(/^\s*at (async )?/, ""));
    if (!match) continue;
    const file = (match[1] as string).replace(/^file:\/\//, "");
    const inside = file.startsWith(folder) && !file.includes(".test.");
    if (!inside && !file.startsWith("node:")) return { file, line: Number(match[2]) };
  }
  return undefined;
}
