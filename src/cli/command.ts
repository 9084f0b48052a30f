// The shape of a command and of what it is called with. Knows no command.

import type { Command as CommandParser } from "commander";
import type { Reporter } from "../core/events.ts";

/** One file of `commands/` exports one of these; its name and summary stand in `command-table.ts`, so that `lethe --help` imports none. */
export interface Command<Options extends object = object> {
  /** Whole command lines, shown under the help. */
  readonly examples: readonly string[];
  /**
   * What `--json` puts on stdout: "result", the result alone as one object (progress then goes to stderr as plain lines);
   * "events", every event as one line and the result as the last.
   */
  readonly json: "result" | "events";
  /** Declares arguments and options on commander's parser; `--json` and `--help` are there already. */
  configure(parser: CommandParser): void;
  /** @throws LetheError for users' mistakes; whatever the signal's abort throws is shown as "stopped". */
  run(call: Call<Options>): Promise<void>;
}

export interface Call<Options extends object = object> {
  /** Positional arguments in order. */
  readonly positional: readonly string[];
  /** As commander read them. */
  readonly options: Readonly<Options>;
  /** The command line after `lethe`, for a run's manifest. */
  readonly line: readonly string[];
  /** Aborted by the first Ctrl-C or a SIGTERM. */
  readonly signal: AbortSignal;
  readonly report: Reporter;
  /** Characters that fit on a line of stdout. */
  readonly width: number;
  /** Prints the result on stdout: `value` as one line of JSON with `--json`, else the text. */
  result(value: object, text: () => string): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}
