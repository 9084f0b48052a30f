// Checkpoints on disk: everything that decides the rest of a run, whole or not there. Knows nothing of what the run trains.

import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RunError } from "../core/errors.ts";
import { explainFileFailure, writeFileAtomic } from "../core/files.ts";
import { readJsonObject } from "../core/json-file.ts";
import { openSafetensors, readFloats, writeSafetensors } from "../weights/index.ts";
import type { Checkpoint } from "./fit.ts";

/** Lengths of the run's logs when the checkpoint was taken: what came after is cut off on resume. */
export type LogBytes = Readonly<Record<string, number>>;

const positionSchema = z.object({
  format: z.literal(1),
  step: z.number().int().nonnegative(),
  batches: z.unknown(),
  logBytes: z.record(z.string(), z.number().int().nonnegative()),
});

const stateFile = "optimiser.safetensors";
const positionFile = "position.json";
const nameOf = (step: number) => `step-${String(step).padStart(8, "0")}`;

/** Writes `folder`/step-N and then removes the older ones. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint, logBytes: LogBytes): Promise<string> {
  const target = join(folder, nameOf(checkpoint.step));
  const draft = `${target}.tmp`;
  try {
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const { parameters, firstMoments, secondMoments } = checkpoint.optimiser;
    const tensors = Object.entries({ parameters, firstMoments, secondMoments });
    await writeSafetensors(
      join(draft, stateFile),
      tensors.map(([name, data]) => ({ name, dtype: "F32" as const, shape: [data.length], data })),
    );
    const position = { format: 1, step: checkpoint.step, batches: checkpoint.batches, logBytes };
    await writeFileAtomic(join(draft, positionFile), `${JSON.stringify(position)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    for (const name of await readdir(folder)) {
      if (name !== nameOf(checkpoint.step)) await rm(join(folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw explainFileFailure(error, target, "write");
  }
  return target;
}

/** The newest complete checkpoint, or undefined when there is none. @throws RunError when it is damaged. */
export async function readCheckpoint(
  folder: string,
): Promise<{ checkpoint: Checkpoint; logBytes: LogBytes } | undefined> {
  if (!existsSync(folder)) return undefined;
  const newest = (await readdir(folder))
    .filter((name) => /^step-\d+$/.test(name))
    .sort()
    .at(-1);
  if (!newest) return undefined;
  const path = join(folder, newest);
  try {
    const position = positionSchema.parse(readJsonObject(join(path, positionFile)));
    using file = openSafetensors(join(path, stateFile));
    const read = (name: string) => {
      const tensor = file.tensors.get(name);
      if (!tensor) throw new Error(`${stateFile} has no tensor "${name}"`);
      return readFloats(tensor);
    };
    return {
      logBytes: position.logBytes,
      checkpoint: {
        step: position.step,
        batches: position.batches,
        optimiser: {
          parameters: read("parameters"),
          firstMoments: read("firstMoments"),
          secondMoments: read("secondMoments"),
        },
      },
    };
  } catch (cause) {
    throw new RunError(`checkpoint ${path} is damaged: ${(cause as Error).message}`, {
      place: { file: path },
      hint: "Delete this folder and run without --resume to begin again.",
      cause,
    });
  }
}
