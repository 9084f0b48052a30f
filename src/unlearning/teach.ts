// `lethe train`: teaches a model, from a folder or from random weights, everything in the data.

import { ConfigError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { createBatchSupply } from "../training/batches.ts";
import { stepsOf } from "../training/options.ts";
import { runInFolder } from "../training/run.ts";
import { claimRunFolder } from "../training/run-claim.ts";
import { beginRun } from "./begin-run.ts";
import type { TrainConfig } from "./config.ts";
import type { RunContext } from "./context.ts";
import { crossEntropy } from "./objectives/memorise.ts";
import { openScope } from "./scopes/open-scope.ts";
import { encodeAll, openRandomSession, openSession, readSources } from "./session.ts";

/**
 * Runs the configuration; the result is the run folder `config.output`. `yaml` is the resolved configuration as it is kept there.
 * @throws LetheError for users' mistakes, before anything is written; the signal's reason when aborted.
 */
export async function teach(config: TrainConfig, yaml: string, context: RunContext): Promise<void> {
  const { report, signal } = context;
  const random = createRandom(config.seed);
  const scope = await openScope(config.scope);
  if (scope.localise) throw notForTeaching(scope.name);
  if (scope.steer) throw nothingToSteer(scope.name);
  using claim = await claimRunFolder({ path: config.output, yaml, resume: context.resume });
  const { records, files } = await readSources(config.data, signal);
  const { adapter, device, encoding } = config;
  const options = { adapter, keepAdapter: scope.keepsAdapter, device, encoding, report, signal };
  using session =
    typeof config.model === "string"
      ? await openSession(config.model, options)
      : await openRandomSession(config.model, records, claim.tokenizerFolder, random.fork("weights"), options);
  const examples = encodeAll(session, records, "the training data");
  const batches = createBatchSupply(
    { forget: examples },
    { batchSize: config.training.batchSize, random: random.fork("batches") },
  );
  const trainable = scope.select(session.model, random.fork("scope"));
  const totalSteps = stepsOf(config.training, batches.batchesPerEpoch);
  using run = await beginRun({ claim, session, config, files, context });
  await runInFolder(run, (train) =>
    train({ trainable, loss: crossEntropy, batches, totalSteps, training: config.training }),
  );
}

const notForTeaching = (scope: string) =>
  new ConfigError(`scope "${scope}" chooses by text to forget and text to retain, and teaching has neither`, {
    place: { key: "scope" },
    hint: "Teach with all, lora, layers or adapter.",
  });

const nothingToSteer = (scope: string) =>
  new ConfigError(`scope "${scope}" steers a model that must forget; teaching has none`, {
    place: { key: "scope" },
    hint: "Teach the small model by itself with all, lora or layers.",
  });
