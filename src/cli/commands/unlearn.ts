// `lethe unlearn`: makes a model forget, from a configuration.

import { unlearn as runUnlearning, unlearnConfig } from "../../unlearning/index.ts";
import type { Command } from "../command.ts";
import { configureRun, type RunOptions, runConfig } from "../run-command.ts";

export const unlearn: Command<RunOptions> = {
  examples: [
    "lethe unlearn examples/knowundo-privacy/grad-diff.yaml",
    'lethe unlearn config.yaml objective="{name: npo, beta: 0.02}" scope=lora output=runs/npo',
    "lethe unlearn config.yaml --resume",
  ],
  json: "events",
  configure: configureRun,
  run: (call) => runConfig(unlearnConfig, call, runUnlearning),
};
