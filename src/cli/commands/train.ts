// `lethe train`: teaches a model from a configuration.

import { runTrain, trainRun } from "../../reporting/index.ts";
import type { Command } from "../command.ts";
import { readConfigArguments } from "../config-arguments.ts";
import { configureRun, type RunCommandOptions, runOptions, showRun } from "../run-command.ts";

export const train: Command<RunCommandOptions> = {
  examples: [
    "lethe train models/mini/train.yaml",
    "lethe train examples/knowundo-privacy/target.yaml training.epochs=12 seed=1",
    "lethe train my-config.yaml --resume",
  ],
  json: "events",
  configure: configureRun,
  run: async (call) => {
    const config = await readConfigArguments(trainRun, call.positional);
    showRun(call, config.value.output, await runTrain(config, runOptions(call)));
  },
};
