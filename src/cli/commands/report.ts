// `lethe report`: writes a run folder's report.html again and prints its comparison.

import { renderSummary } from "../../reporting/index.ts";
import type { Command } from "../command.ts";
import { reportPath, writeReport } from "../run-command.ts";

export const report: Command = {
  examples: ["lethe report runs/quickstart", "lethe report runs/quickstart --json"],
  json: "result",
  configure: (parser) => {
    parser.argument("<run>", "run folder");
  },
  run: async ({ positional, result, width }) => {
    const folder = positional[0] as string;
    const run = await writeReport(folder);
    result(
      { folder, report: reportPath(folder), evaluations: run.evaluations },
      () => `${renderSummary(run, width)}\n\nreport: ${reportPath(folder)}`,
    );
  },
};
