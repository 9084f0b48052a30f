// `lethe report`: writes a run folder's report.html again and prints its comparison.

import { writeReport } from "../../reporting/index.ts";
import type { Command } from "../command.ts";
import { showRun } from "../run-command.ts";

export const report: Command = {
  examples: ["lethe report runs/quickstart", "lethe report runs/quickstart --json"],
  json: "result",
  configure: (parser) => {
    parser.argument("<run>", "run folder");
  },
  run: async (call) => {
    const folder = call.positional[0] as string;
    showRun(call, folder, await writeReport(folder));
  },
};
