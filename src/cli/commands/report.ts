// `lethe report`: writes a run folder's report.html again and prints its comparison.

import type { Command } from "../command.ts";
import { finish } from "../run-command.ts";

export const report: Command = {
  examples: ["lethe report runs/quickstart", "lethe report runs/quickstart --json"],
  json: "result",
  configure: (parser) => {
    parser.argument("<run>", "run folder");
  },
  run: (call) => finish(call, call.positional[0] as string, performance.now()),
};
