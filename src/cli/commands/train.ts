// `lethe train`: teaches a model from a configuration.

import { renderSummary } from "../../reporting/index.ts";
import { teach, trainConfig } from "../../unlearning/index.ts";
import type { Command } from "../command.ts";
import { readConfigArguments } from "../config-arguments.ts";
import { configureRun, type RunOptions, reportPath, runConfig, withEvaluation } from "../run-command.ts";

export const train: Command<RunOptions> = {
  examples: [
    "lethe train models/mini/train.yaml",
    "lethe train examples/knowundo-privacy/target.yaml training.epochs=12 seed=1",
    "lethe train my-config.yaml --resume",
  ],
  json: "events",
  configure: configureRun,
  run: async (call) => {
    const config = await readConfigArguments(withEvaluation(trainConfig), call.positional);
    const run = await runConfig(config, call, teach, { onlyAfter: true });
    const { output } = config.value;
    call.result(
      { folder: output, evaluations: run.evaluations },
      () => `${renderSummary(run, call.width)}\n\nreport: ${reportPath(output)}`,
    );
  },
};
