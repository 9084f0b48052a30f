// Asks the model before unlearning what a loss will compare with: once, over the text it will train on.

import type { Model } from "../models/model.ts";
import type { BranchExamples } from "../training/batches.ts";
import type { Loss } from "../training/loss.ts";
import { computeReference, needsReference, type Reference, type ReferenceOptions } from "../training/reference.ts";
import type { RunContext } from "./context.ts";

/** Undefined when the loss asks for nothing. */
export async function askReference(
  model: Model,
  loss: Loss,
  examples: BranchExamples,
  { report, signal, ...options }: Pick<RunContext, "report" | "signal"> & Pick<ReferenceOptions, "padding" | "only">,
): Promise<Reference | undefined> {
  if (!needsReference(loss)) return undefined;
  const started = performance.now();
  report({ type: "phase-start", phase: "reference" });
  const reference = await computeReference(model, loss, examples, {
    ...options,
    signal,
    progress: (done, total) => report({ type: "phase-progress", phase: "reference", done, total, unit: "examples" }),
  });
  report({ type: "phase-end", phase: "reference", seconds: (performance.now() - started) / 1000 });
  return reference;
}
