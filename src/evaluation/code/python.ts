// Python programs that a model wrote: do they parse, do they pass their tests? Each runs in a process of its own, within limits of time and memory, without network. These limits
// hold accidents; they are no prison for a program that means harm: let models that you do not trust answer in a container. Knows nothing of models and metrics.

import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, RuntimeFailure } from "../../core/errors.ts";
import { guard, syntaxCheck } from "./guard.ts";

/** Must be "1" for programs to run; `--allow-code-execution` sets it. Not a key of a configuration: whoever runs another's file decides anew. */
export const ALLOW_VARIABLE = "LETHE_ALLOW_CODE_EXECUTION";

export const mayRunCode = (): boolean => process.env[ALLOW_VARIABLE] === "1";

const candidates = process.platform === "win32" ? ["python", "py"] : ["python3", "python"];
let found: { readonly command: string | undefined } | undefined;

/** The command of a Python 3.8 or later; undefined where there is none. */
export function findPython(): string | undefined {
  found ??= {
    command: candidates.find((command) => {
      const { stdout, status } = spawnSync(command, ["--version"], { encoding: "utf8" });
      const minor = /^Python 3\.(\d+)/.exec(stdout ?? "")?.[1];
      return status === 0 && minor !== undefined && Number(minor) >= 8;
    }),
  };
  return found.command;
}

export interface ProgramLimits {
  /** Of the clock, for one program. Default 5. */
  readonly seconds?: number;
  /** Of the address space, where the system can limit it. Default 512. */
  readonly mebibytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export type Outcome = "passed" | "failed" | "timed-out";

/** Programs at once: each is short, and the model's own threads wait meanwhile. */
const lanes = 2;

/**
 * Runs every program; one that ends without an exception has passed. Results are in the programs' order.
 * @throws ConfigError unless running code is allowed; RuntimeFailure without a Python; the signal's reason when aborted.
 */
export async function runPrograms(programs: readonly string[], limits: ProgramLimits = {}): Promise<Outcome[]> {
  if (!mayRunCode()) {
    throw new ConfigError("programs that a model wrote are run only when that is allowed", {
      hint: `Add --allow-code-execution, or set ${ALLOW_VARIABLE}=1.`,
    });
  }
  const outcomes: Outcome[] = [];
  let next = 0;
  const lane = async () => {
    while (next < programs.length) {
      limits.signal?.throwIfAborted();
      const index = next++;
      outcomes[index] = await runProgram(programs[index] as string, limits);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

async function runProgram(program: string, { seconds = 5, mebibytes = 512, signal }: ProgramLimits): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "lethe-program-"));
  try {
    // A program may leave with status 0 before its tests: it has passed only if the guard says so, in a word that the program does not know.
    const word = randomUUID();
    const input = JSON.stringify({ program, word, seconds: Math.ceil(seconds), bytes: mebibytes * 2 ** 20 });
    const { output, timedOut } = await python(["-c", guard], { input, folder, seconds, signal });
    if (timedOut) return "timed-out";
    return output === word ? "passed" : "failed";
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Whether each text is Python by its syntax and defines a function or a class. Nothing is run.
 * @throws RuntimeFailure without a Python, or when it fails; the signal's reason when aborted.
 */
export async function parsePrograms(programs: readonly string[], signal?: AbortSignal): Promise<boolean[]> {
  const input = JSON.stringify(programs);
  const seconds = 60 + programs.length / 10;
  const { output } = await python(["-c", syntaxCheck], { input, folder: tmpdir(), seconds, signal });
  try {
    return (JSON.parse(output) as unknown[]).map((valid) => valid === true);
  } catch (cause) {
    throw new RuntimeFailure(`Python said ${JSON.stringify(output.slice(0, 200))} instead of which programs parse`, {
      hint: `Does \`${findPython()} -c "import ast, json"\` work?`,
      cause,
    });
  }
}

interface Call {
  readonly input: string;
  readonly folder: string;
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
}

/** Isolated (-I: no user site, no environment), without .pyc files; what it prints. */
function python(
  more: readonly string[],
  { input, folder, seconds, signal }: Call,
): Promise<{ readonly output: string; readonly timedOut: boolean }> {
  const command = findPython();
  if (command === undefined) throw new RuntimeFailure(noPython, { hint: "Install Python 3.8 or later." });
  return new Promise((resolve, reject) => {
    const child = spawn(command, ["-I", "-B", ...more], {
      cwd: folder,
      env: process.env.PATH === undefined ? {} : { PATH: process.env.PATH },
      stdio: ["pipe", "pipe", "ignore"],
    });
    let output = "";
    let timedOut = false;
    const stop = () => child.kill("SIGKILL");
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    // A program that ends without reading leaves the pipe broken; its outcome says enough.
    child.stdin.on("error", () => {}).end(input);
    child.on("error", (cause) =>
      reject(new RuntimeFailure(`${command} cannot be started: ${cause.message}`, { cause })),
    );
    child.on("close", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ output, timedOut });
    });
  });
}

export const noPython = "no Python 3.8 or later is on this machine (python3, python)";
