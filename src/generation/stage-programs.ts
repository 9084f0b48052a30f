// A model's generation programs: compiled once per shape and layout, handed out with the weights the model has at that moment.

import type { TokenShape } from "../models/architecture.ts";
import { fullName, layerKind, type Model, type StageId, stageLayout, stagesOf, weightOf } from "../models/model.ts";
import type { WeightLayout } from "../models/stage-weights.ts";
import type { Program, Value } from "../runtime/backend.ts";
import type { Graph } from "../tensor/index.ts";
import type { Phase } from "./cached-attention.ts";
import { cachedBlock, type HeadOutput, lastTokenHead, tokenEmbedding } from "./step-graphs.ts";
import { createWideWeights, wideBudget } from "./wide-weights.ts";

/** A stage ready to run: the program and its weights by input name. */
export interface StageRun {
  readonly program: Program;
  readonly weights: Readonly<Record<string, Value>>;
}

export interface StageRuns {
  readonly embed: StageRun;
  /** By layer. */
  readonly blocks: readonly StageRun[];
  readonly head: StageRun;
}

export interface StagePrograms extends Disposable {
  /** All stages for a shape, a cache of `capacity` positions and a kind of result: of each row's last token, of each token in the chunk phase. */
  stages(shape: TokenShape, phase: Phase, capacity: number, output: HeadOutput): Promise<StageRuns>;
  /** The program of this key; `trace` is called when there is none yet. */
  compile(key: string, trace: () => Graph): Promise<Program>;
  dispose(): void;
}

/** `wideBytes`: memory for float32 copies of 16-bit weights. */
export function createStagePrograms(model: Model, wideBytes = wideBudget(model)): StagePrograms {
  const { architecture, config, backend } = model;
  const compiled = new Map<string, Promise<Program>>();
  const wide = createWideWeights(wideBytes, compile);

  function compile(key: string, trace: () => Graph): Promise<Program> {
    let program = compiled.get(key);
    if (!program) {
      program = backend.compile(trace());
      compiled.set(key, program);
      // A failed compilation is tried again by the next caller.
      program.catch(() => compiled.delete(key));
    }
    return program;
  }

  /** A stage's weights, float32 where there is room for that, and the layout that fits them. */
  async function widened(stage: StageId) {
    const { weights, lora } = stageLayout(model, stage);
    const values = new Map<string, Value>();
    const described: Record<string, WeightLayout> = {};
    for (const [name, layout] of Object.entries(weights)) {
      const stored = weightOf(model, fullName(model, stage, name));
      const value = (await wide.of(stored)) ?? stored;
      values.set(name, value);
      described[name] = { ...layout, dtype: value.dtype };
    }
    return { layout: { lora, weights: described }, values };
  }

  async function stages(shape: TokenShape, phase: Phase, capacity: number, output: HeadOutput): Promise<StageRuns> {
    const load = async (stage: StageId): Promise<StageRun> => {
      const { layout, values } = await widened(stage);
      const kind = stage.kind === "block" ? layerKind(config, stage.layer) : undefined;
      const key = JSON.stringify([stage.kind, kind, phase, shape, capacity, output, layout]);
      const program = await compile(key, () => {
        if (stage.kind === "embed") return tokenEmbedding(architecture, config, layout, shape, phase);
        if (stage.kind === "head") {
          const rows = phase === "chunk" ? { batch: shape.batch * shape.seq, seq: 1 } : shape;
          return lastTokenHead(architecture, config, layout, rows, output);
        }
        return cachedBlock(architecture, config, layerKind(config, stage.layer), layout, shape, phase, capacity);
      });
      const weights: Record<string, Value> = {};
      for (const [name, value] of values) if (name in program.inputs) weights[name] = value;
      return { program, weights };
    };
    const [embedStage, ...rest] = stagesOf(config) as [StageId, ...StageId[]];
    const headStage = rest.pop() as StageId;
    // In this order memory for wide weights goes first to the tables, of which the embedding would be cast whole to read a few rows.
    const [embed, head] = [await load(embedStage), await load(headStage)];
    return { embed, blocks: await Promise.all(rest.map(load)), head };
  }

  const dispose = () => {
    wide.dispose();
    for (const program of compiled.values()) {
      program.then(
        (ready) => ready.dispose(),
        () => {},
      );
    }
    compiled.clear();
  };
  return { stages, compile, dispose, [Symbol.dispose]: dispose };
}
