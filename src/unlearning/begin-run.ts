// Begins a run in its folder, the same for teaching and unlearning: who measures it, what its manifest says, how its result is saved.

import type { RunSettings } from "../training/run.ts";
import type { RunClaim } from "../training/run-claim.ts";
import { openRunFolder } from "../training/run-folder.ts";
import type { TrainConfig } from "./config.ts";
import type { RunContext } from "./context.ts";
import type { Session } from "./session.ts";

export interface RunToBegin {
  readonly claim: RunClaim;
  readonly session: Session;
  readonly config: Pick<TrainConfig, "seed" | "checkpointEvery" | "saveAs">;
  /** Data files read for training. */
  readonly files: readonly string[];
  readonly context: RunContext;
  /** SHA-256 of the weights that the run begins with, where it is known. */
  readonly weightsBefore?: string;
}

/** From here on the folder stays. @throws LetheError for what cannot be measured or resumed. */
export async function beginRun(run: RunToBegin): Promise<RunSettings & Disposable> {
  const { claim, session, config, context } = run;
  const measured = session.steers?.training?.measured ?? session.model;
  const evaluator = await context.evaluator?.({ ...session, model: measured });
  const folder = await openRunFolder(claim, {
    command: context.command,
    seed: config.seed,
    dataFiles: [...run.files, ...(evaluator?.files ?? [])],
    device: session.backend.details.device,
    onnxruntime: session.backend.details.version,
    choices: session.choices,
  });
  return {
    folder,
    model: session.model,
    weightsBefore: run.weightsBefore,
    checkpointEvery: config.checkpointEvery,
    evaluate: evaluator && ((step, moment) => evaluator.at(step, moment, folder)),
    evaluateEvery: evaluator?.every ?? 0,
    save: {
      config: session.config,
      tokenizer: session.tokenizerFolder,
      dtype: config.saveAs,
      adapterBase: session.adapterBase,
    },
    report: context.report,
    signal: context.signal,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
