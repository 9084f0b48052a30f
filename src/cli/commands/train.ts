// `lethe train`: teaches a model from a configuration.

import { teach, trainConfig } from "../../unlearning/index.ts";
import type { Command } from "../command.ts";
import { configureRun, type RunOptions, runConfig } from "../run-command.ts";

export const train: Command<RunOptions> = {
  examples: [
    "lethe train models/mini/train.yaml",
    "lethe train examples/knowundo-privacy/target.yaml training.epochs=12 seed=1",
    "lethe train my-config.yaml --resume",
  ],
  json: "events",
  configure: configureRun,
  run: (call) => runConfig(trainConfig, call, teach, { onlyAfter: true }),
};
