// Ctrl-C and SIGTERM: the first asks the task to stop, a second Ctrl-C ends the process. Knows nothing of the task.

import type { Terminal } from "./terminal.ts";

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
  /** What a shell expects after the signal that stopped us: 130 or 143; undefined when nothing did. */
  readonly exitCode: number | undefined;
}

/** Listens until disposed. */
export function listenForInterrupt(terminal: Terminal): Interrupt {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const stop = (code: number) => {
    exitCode = code;
    controller.abort(new DOMException("stopped by a signal", "AbortError"));
  };
  const interrupt = () => {
    if (exitCode !== undefined) process.exit(130);
    terminal.draw("\nstopping at the next safe point; Ctrl-C again ends at once\n");
    stop(130);
  };
  const terminate = () => stop(143);
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
    },
  };
}
