// `lethe unlearn`: makes a model forget, from a configuration.

import { runUnlearn, unlearnRun } from "../../reporting/index.ts";
import type { Command } from "../command.ts";
import { readConfigArguments } from "../config-arguments.ts";
import { configureRun, type RunCommandOptions, runOptions, showRun } from "../run-command.ts";

interface UnlearnCommandOptions extends RunCommandOptions {
  readonly forgetRevealed?: boolean;
}

export const unlearn: Command<UnlearnCommandOptions> = {
  examples: [
    "lethe unlearn examples/knowundo-privacy/grad-diff.yaml",
    'lethe unlearn my-config.yaml objective="{name: npo, beta: 0.02}" scope=lora output=runs/npo',
    "lethe unlearn my-config.yaml --resume",
  ],
  json: "events",
  configure: (parser) => {
    configureRun(parser);
    parser.option(
      "--forget-revealed",
      "delete what the model revealed when the run is done, and keep hashes and statistics (source: revealed)",
    );
  },
  run: async (call) => {
    const clearing = call.options.forgetRevealed ? ["source.forgetRevealed=true"] : [];
    const config = await readConfigArguments(unlearnRun, [...call.positional, ...clearing]);
    showRun(call, config.value.output, await runUnlearn(config, runOptions(call)));
  },
};
