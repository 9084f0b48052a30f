// The directions that a plan's LoRA modules read from, the rows of their A matrices: what a new module is kept clear of (O-LoRA, 2310.14152; seeds §3.4), and how
// much it still has in common with those before it. Knows nothing of what the modules were trained on.

import { z } from "zod";
import { type Model, weightOf } from "../../models/model.ts";
import { loraName } from "../../models/stage-weights.ts";
import { overlapTerm, type WeightTerm } from "../../training/weight-term.ts";
import type { Shared } from "./iterate-found.ts";
import { principalCosines } from "./principal-angles.ts";
import { copyOf } from "./task-vector.ts";

/** What a module was trained for: to keep, or to be stepped away from. */
export type ModuleKind = "retain" | "forget";

export const orthogonalOptions = z.strictObject({
  weight: z.number().nonnegative().default(0.5).describe("λ₁ of Σ|A_old·A_newᵀ|; 0 only measures the angles"),
  against: z
    .enum(["retain", "forget", "both"])
    .default("both")
    .describe("the modules that a new one is kept clear of: retain modules, those of earlier rounds, or both"),
});

export interface Subspaces {
  /** Remembers the directions of the model's LoRA as it now is. */
  remember(kind: ModuleKind): Promise<void>;
  /** The term for the LoRA that is trained next; undefined where it weighs nothing or has nothing to keep clear of. */
  term(): Promise<(WeightTerm & Disposable) | undefined>;
  /** What the LoRA as it now is has in common with what is remembered. */
  shared(): Promise<Partial<Record<ModuleKind, Shared>>>;
}

export function createSubspaces(
  model: Model,
  { weight, against }: z.output<typeof orthogonalOptions> = { weight: 0, against: "both" },
): Subspaces {
  const remembered: Record<ModuleKind, Map<string, Float32Array[]>> = { retain: new Map(), forget: new Map() };
  const kinds: readonly ModuleKind[] = against === "both" ? ["retain", "forget"] : [against];
  return {
    async remember(kind) {
      for (const module of model.lora.keys()) {
        const now = await copyOf(model, loraName(module, "A"));
        remembered[kind].set(module, [...(remembered[kind].get(module) ?? []), now]);
      }
    },
    async term() {
      if (weight === 0) return undefined;
      const modules = [...model.lora.keys()].flatMap((module) => {
        const frozen = joined(kinds.flatMap((kind) => remembered[kind].get(module) ?? []));
        const name = loraName(module, "A");
        return frozen.length > 0 ? [{ name, trained: () => weightOf(model, name), frozen }] : [];
      });
      return modules.length > 0 ? overlapTerm(model.backend, modules, weight) : undefined;
    },
    async shared() {
      const found: Partial<Record<ModuleKind, Shared>> = {};
      for (const kind of ["retain", "forget"] as const) {
        if (remembered[kind].size > 0) found[kind] = await sharedWith(model, remembered[kind]);
      }
      return found;
    },
  };
}

async function sharedWith(model: Model, remembered: ReadonlyMap<string, readonly Float32Array[]>): Promise<Shared> {
  const [angles, squares, chances]: [number[], number[], number[]] = [[], [], []];
  for (const [module, { rank }] of model.lora) {
    const now = await copyOf(model, loraName(module, "A"));
    const width = now.length / rank;
    const before = joined(remembered.get(module) ?? []);
    const cosines = principalCosines({ values: before, width }, { values: now, width });
    angles.push((Math.acos(Math.min(1, cosines[0] ?? 0)) * 180) / Math.PI);
    squares.push(...cosines.map((x) => x * x));
    chances.push(Math.min(1, Math.max(rank, before.length / width) / width));
  }
  return { smallestAngle: mean(angles), overlap: mean(squares), chance: mean(chances) };
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let start = 0;
  for (const part of parts) {
    all.set(part, start);
    start += part.length;
  }
  return all;
}
