// `lethe inspect`: what a model folder, adapter, weight file or run folder holds, without loading a model. Knows no architecture.

import { statSync } from "node:fs";
import { ConfigError } from "../../core/errors.ts";
import type { Call, Command } from "../command.ts";
import { inspectPath } from "../inspection.ts";
import { renderInspection } from "../inspection-text.ts";

interface InspectOptions {
  readonly tensors?: boolean;
}

export const inspect: Command<InspectOptions> = {
  examples: [
    "lethe inspect models/my-llama",
    "lethe inspect runs/quickstart/adapter --tensors",
    "lethe inspect model.safetensors --json",
  ],
  json: "result",
  configure: (parser) => {
    parser
      .argument("<path>", "a model folder, an adapter folder, a .safetensors file or a run folder")
      .option("--tensors", "list every tensor instead of one line per kind of layer");
  },
  run: async ({ positional, options, width, result }: Call<InspectOptions>) => {
    const path = positional[0] as string;
    if (!statSync(path, { throwIfNoEntry: false })) {
      throw new ConfigError(`nothing to inspect at ${path}`, {
        hint: "Check the path; relative paths count from the current folder.",
        place: { file: path },
      });
    }
    const inspection = await inspectPath(path);
    result(inspection, () => renderInspection(inspection, { everyTensor: options.tensors === true, width }));
  },
};
