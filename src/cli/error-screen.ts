// An error as one screen: what was wrong, where, what to do. Knows nothing of exit codes.

import { LetheError, type Place } from "../core/errors.ts";
import { cutToWidth } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";

const MOST_LINES = 16;
const WIDEST_MESSAGE = 2000;

/** Lines for stderr, with a newline at the end. `debug` adds the stack and the causes. */
export function renderError(error: unknown, terminal: Terminal, debug: boolean): string {
  const lines = LetheError.isInstance(error) ? expected(error, terminal) : unexpected(error, terminal, debug);
  if (debug) lines.push("", ...stacks(error));
  return `${lines.join("\n")}\n`;
}

/** The same for programs: what `--json` prints on stderr. */
export function errorAsJson(error: unknown): object {
  if (!LetheError.isInstance(error)) return { error: { code: "internal", message: messageOf(error) } };
  const { code, message, hint, place } = error;
  return { error: { code, message, hint, place } };
}

function expected({ message, hint, place }: LetheError, terminal: Terminal): string[] {
  const lines = [`${paint(terminal, "red", "error:")} ${shorten(message)}`];
  const where = place ? placeText(place) : "";
  if (where !== "" && !message.includes(where)) lines.push(`   at: ${where}`);
  if (hint !== undefined) lines.push(`   do: ${shorten(hint)}`);
  return lines;
}

function unexpected(error: unknown, terminal: Terminal, debug: boolean): string[] {
  const lines = [`${paint(terminal, "red", "internal error:")} ${shorten(messageOf(error))}`];
  if (!debug)
    lines.push("   This is a fault of Lethe. LETHE_DEBUG=1 in front of the same command shows where it happened.");
  return lines;
}

/** `run.yaml:4 (training.steps)`. */
function placeText({ file, line, key }: Place): string {
  const spot = [file, line].filter((part) => part !== undefined).join(":");
  const named = file === undefined && line !== undefined ? `line ${line}` : spot;
  if (key === undefined) return named;
  return named === "" ? key : `${named} (${key})`;
}

function shorten(text: string): string {
  const lines = cutToWidth(text, WIDEST_MESSAGE).split("\n");
  return lines.length <= MOST_LINES ? lines.join("\n") : [...lines.slice(0, MOST_LINES), "..."].join("\n");
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}

function stacks(error: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let current = error; current instanceof Error && !seen.has(current); current = current.cause) {
    lines.push(`${lines.length === 0 ? "" : "caused by "}${current.stack ?? messageOf(current)}`);
    seen.add(current);
  }
  return lines;
}
