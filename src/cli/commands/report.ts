// `lethe report`: writes a run folder's report.html again and prints its comparison.

import { writeReport } from "../../reporting/index.ts";
import type { Command } from "../command.ts";
import { showRun } from "../run-command.ts";

interface ReportCommandOptions {
  readonly showRevealed?: boolean;
  readonly key?: string;
}

export const report: Command<ReportCommandOptions> = {
  examples: [
    "lethe report runs/quickstart",
    "lethe report runs/quickstart --json",
    "lethe report runs/revealed --show-revealed --key key.bin",
  ],
  json: "result",
  configure: (parser) => {
    parser
      .argument("<run>", "run folder")
      .option("--show-revealed", "show what the model revealed; without it that is redacted")
      .option("--key <file>", "key file that it was encrypted with");
  },
  run: async (call) => {
    const folder = call.positional[0] as string;
    const { showRevealed, key } = call.options;
    showRun(call, folder, await writeReport(folder, showRevealed ? { revealed: { key } } : {}));
  },
};
