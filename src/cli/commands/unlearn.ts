// `lethe unlearn`: makes a model forget, from a configuration.

import { renderSummary } from "../../reporting/index.ts";
import { unlearn as runUnlearning, unlearnConfig } from "../../unlearning/index.ts";
import type { Command } from "../command.ts";
import { readConfigArguments } from "../config-arguments.ts";
import { configureRun, type RunOptions, reportPath, runConfig, withEvaluation } from "../run-command.ts";

export const unlearn: Command<RunOptions> = {
  examples: [
    "lethe unlearn examples/knowundo-privacy/grad-diff.yaml",
    'lethe unlearn config.yaml objective="{name: npo, beta: 0.02}" scope=lora output=runs/npo',
    "lethe unlearn config.yaml --resume",
  ],
  json: "events",
  configure: configureRun,
  run: async (call) => {
    const config = await readConfigArguments(withEvaluation(unlearnConfig), call.positional);
    const run = await runConfig(config, call, runUnlearning);
    const { output } = config.value;
    call.result(
      { folder: output, evaluations: run.evaluations },
      () => `${renderSummary(run, call.width)}\n\nreport: ${reportPath(output)}`,
    );
  },
};
