// `lethe unlearn`: makes a model forget, from a configuration.

import { runUnlearn, unlearnRun } from "../../reporting/index.ts";
import type { Command } from "../command.ts";
import { readConfigArguments } from "../config-arguments.ts";
import { configureRun, type RunCommandOptions, runOptions, showRun } from "../run-command.ts";

export const unlearn: Command<RunCommandOptions> = {
  examples: [
    "lethe unlearn examples/knowundo-privacy/grad-diff.yaml",
    'lethe unlearn my-config.yaml objective="{name: npo, beta: 0.02}" scope=lora output=runs/npo',
    "lethe unlearn my-config.yaml --resume",
  ],
  json: "events",
  configure: configureRun,
  run: async (call) => {
    const config = await readConfigArguments(unlearnRun, call.positional);
    showRun(call, config.value.output, await runUnlearn(config, runOptions(call)));
  },
};
