// Where a command writes: results to stdout, everything else to stderr. Knows what the terminal can do; knows nothing of what is written.

export interface Terminal {
  /** stderr is a terminal on which a line can be drawn over. */
  readonly interactive: boolean;
  /** Colours are wanted on stderr: it is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
  /** Characters on a line, now: 80 where unknown. */
  readonly width: number;
  /** One line or more to stdout; the last newline is added. */
  print(text: string): void;
  /** To stderr, as it is. */
  draw(text: string): void;
}

/** What of a stream is needed; `process.stdout` and `process.stderr` are such. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function createTerminal(
  stdout: TextStream,
  stderr: TextStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const interactive = stderr.isTTY === true && environment.TERM !== "dumb";
  return {
    interactive,
    color: interactive && !environment.NO_COLOR,
    get width() {
      return stderr.columns ?? stdout.columns ?? 80;
    },
    print: (text) => void stdout.write(`${text}\n`),
    draw: (text) => void stderr.write(text),
  };
}

/** Wraps text in a colour where colours are wanted. */
export function paint(terminal: Terminal, color: "red" | "yellow" | "cyan" | "dim" | "bold", text: string): string {
  const codes = { red: "31", yellow: "33", cyan: "36", dim: "2", bold: "1" };
  return terminal.color ? `\u001b[${codes[color]}m${text}\u001b[0m` : text;
}
