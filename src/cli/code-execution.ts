// `--allow-code-execution`, for every command that measures: programs that a model wrote may be run. Knows nothing of how.

import type { Command as CommandParser } from "commander";
import { ALLOW_VARIABLE } from "../evaluation/index.ts";

export function configureCodeExecution(parser: CommandParser): void {
  parser.option("--allow-code-execution", "run programs that a model wrote, for metrics such as pass-at-1");
  parser.on("option:allow-code-execution", () => {
    process.env[ALLOW_VARIABLE] = "1";
  });
}
