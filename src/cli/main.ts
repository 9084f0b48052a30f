// Reads the command line, loads the one command that is meant, runs it and turns its end into an exit code. Knows no command:
// they are in command-table.ts. Whatever is imported here is paid by every `lethe --help`.

import { readFileSync } from "node:fs";
import { CommanderError, Command as CommandParser } from "commander";
import type { Call, Command, CommandEntry } from "./command.ts";
import { commandTable } from "./command-table.ts";
import { errorAsJson, renderError } from "./error-screen.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { createBarProgress, createJsonProgress, createLineProgress } from "./progress.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

const USAGE_ERROR = 2;

export interface MainOptions {
  readonly terminal?: Terminal;
  readonly table?: readonly CommandEntry[];
  /** Show stacks. Default: LETHE_DEBUG is set. */
  readonly debug?: boolean;
}

/**
 * Runs one command line (without `node` and the script). Resolves to the exit code: 0 done, 1 an error that was shown, 2 wrong usage,
 * 130 or 143 stopped by a signal. Never rejects.
 */
export async function main(
  line: readonly string[],
  {
    terminal = createTerminal(process.stdout, process.stderr, process.env),
    table = commandTable,
    debug = Boolean(process.env.LETHE_DEBUG),
  }: MainOptions = {},
): Promise<number> {
  let exitCode = 0;
  try {
    const parser = createParser(terminal);
    for (const entry of table) {
      const subparser = parser.command(entry.name).summary(entry.summary).description(`${entry.summary}.`);
      // `lethe train …` and `lethe help train`: only then is the module needed.
      if (!line.slice(0, 2).includes(entry.name)) continue;
      const command = await entry.load();
      configure(subparser, command).action(async () => {
        exitCode = await execute(command, subparser, { line, terminal, debug });
      });
    }
    await parser.parseAsync(line, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
    terminal.draw(renderError(error, terminal, debug));
    return 1;
  }
}

function createParser(terminal: Terminal): CommandParser {
  return new CommandParser("lethe")
    .description("Makes a language model forget, proves that it is gone and that the rest stayed.")
    .version(packageVersion(), "--version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.draw(text),
      getOutHelpWidth: () => terminal.width,
      getErrHelpWidth: () => terminal.width,
    })
    .addHelpText("after", "\nStart with:\n  $ lethe quickstart\n  $ lethe <command> --help");
}

function configure(subparser: CommandParser, command: Command): CommandParser {
  command.configure(subparser);
  return subparser
    .option("--json", "print JSON for programs instead of text")
    .addHelpText("after", `\nExamples:\n${command.examples.map((example) => `  $ ${example}`).join("\n")}`);
}

interface Execution {
  readonly line: readonly string[];
  readonly terminal: Terminal;
  readonly debug: boolean;
}

async function execute(command: Command, subparser: CommandParser, { line, terminal, debug }: Execution) {
  const options = subparser.opts<{ json?: boolean }>();
  const asEvents = options.json === true && command.json === "events";
  const progress = asEvents
    ? createJsonProgress(terminal)
    : terminal.interactive && !options.json
      ? createBarProgress(terminal)
      : createLineProgress(terminal);
  using interrupt = listenForInterrupt(terminal);
  const call: Call = {
    positional: subparser.args,
    options,
    line,
    signal: interrupt.signal,
    report: progress.report,
    width: terminal.width,
    result(value, text) {
      progress.close();
      if (!options.json) terminal.print(text());
      else terminal.print(JSON.stringify(asEvents ? { type: "result", ...value } : value));
    },
  };
  try {
    await command.run(call);
    progress.close();
    return interrupt.exitCode ?? 0;
  } catch (error) {
    progress.close();
    if (interrupt.exitCode !== undefined && interrupt.signal.aborted && isAbort(error)) {
      terminal.draw("stopped\n");
      return interrupt.exitCode;
    }
    terminal.draw(options.json ? `${JSON.stringify(errorAsJson(error))}\n` : renderError(error, terminal, debug));
    return 1;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** package.json lies two folders up, from src/cli as from dist/cli. */
function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
