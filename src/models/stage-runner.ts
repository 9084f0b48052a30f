// Runs a model stage by stage: forward with or without what backward needs, backward down to the lowest trainable stage; quantities of rows enter at
// the head or at a block's output. Knows which weights are trainable; knows neither the loss that made the cotangents nor the optimiser that uses the gradients.

import type { Value } from "../runtime/backend.ts";
import type { Graph } from "../tensor/index.ts";
import type { TokenShape } from "./architecture.ts";
import { fullAttention } from "./attention.ts";
import { isBlockQuantity, layerOf } from "./block-quantities.ts";
import { createFrozenPrefix, type FrozenPrefix } from "./frozen-prefix.ts";
import { type BlockId, layerKind, type Model } from "./model.ts";
import { disposeAll, type LabelledRows, type QuantityValues, type ReferenceRows } from "./row-chunks.ts";
import {
  type AskedRows,
  type BegunRows,
  createRowRunner,
  type Flow,
  type QuantitySpec,
  type RowGroup,
} from "./row-runner.ts";
import { createStageContext, refuseFrozenBelow } from "./stage-context.ts";
import {
  blockForward,
  blockGradient,
  embedBackward,
  embedForward,
  type GradientRequest,
  type ResidualPolicy,
} from "./stages.ts";
import type { SteeringRows } from "./steering.ts";
import type { TokenBatch } from "./token-batch.ts";

export type { LabelledRows, QuantityValues, ReferenceRows } from "./row-chunks.ts";
export type { AskedRows, BegunRows, QuantitySpec, RowGroup } from "./row-runner.ts";
export type { TokenBatch } from "./token-batch.ts";

/** Where rows are looked at: at the head, or at the output of the block of this number. */
export type Place = "head" | number;

/** The place of a quantity. @throws ConfigError for a block that the model does not have. */
export const placeOf = (spec: QuantitySpec, { config }: Pick<Model, "config">): Place =>
  isBlockQuantity(spec) ? layerOf(spec, config) : "head";

/** What one forward pass leaves for rows and for backward. */
export interface ForwardPass extends Disposable {
  readonly shape: TokenShape;
  readonly tokens: TokenBatch;
  /** [tokens, hidden] after the last block that ran. */
  readonly hidden: Value;
  readonly ids: Value;
  /** Blocks that ran. */
  readonly depth: number;
  /** Input of each block that backward will visit or whose input is a place that was asked for, by layer. */
  readonly borders: readonly (Value | undefined)[];
  readonly saved: readonly (Readonly<Record<string, Value>> | undefined)[];
  /** What begun rows left for backward. */
  readonly begun: Value[];
  /** Of a model that steers another: the other side of rows that were looked at, by the rows asked for. */
  readonly steered: Map<Int32Array, Promise<SteeringRows>>;
}

export interface ForwardOptions {
  /** Keeps what `backward` needs. */
  readonly train?: boolean;
  /** Where rows will be looked at, the head unless told otherwise. Blocks above the highest place are not run. */
  readonly places?: readonly Place[];
  readonly signal?: AbortSignal;
}

export interface StageRunnerOptions {
  /** Full names of the weights to compute gradients for. */
  readonly trainable?: ReadonlySet<string>;
  /** Where the gradient of each trainable weight is written, by full name. */
  readonly gradients?: Map<string, Value>;
  readonly residuals?: ResidualPolicy;
  /** Upper bound of one chunk of logits in bytes. */
  readonly logitsBytes?: number;
  /** Upper bound in bytes of what is kept of frozen lower blocks' output, so that they run once per text. Default 0: nothing. Only in host memory. */
  readonly prefixBytes?: number;
}

export interface StageRunner {
  readonly model: Model;
  /** Frozen lower blocks whose output is kept; undefined where there are none. */
  readonly prefix: FrozenPrefix | undefined;
  forward(batch: TokenBatch, options?: ForwardOptions): Promise<ForwardPass>;
  /** All quantities must belong to one place. */
  quantities(
    pass: ForwardPass,
    rows: LabelledRows,
    quantities: readonly QuantitySpec[],
    reference?: ReferenceRows,
  ): Promise<QuantityValues>;
  /** Quantities whose cotangents depend on them: hand what comes back to `backward` in the group. It goes with the pass. */
  begin(pass: ForwardPass, asked: AskedRows, options?: { signal?: AbortSignal }): Promise<BegunRows>;
  /** Logits of the rows [rows, vocabulary]: those of the model alone, also where it steers another. */
  logitRows(pass: ForwardPass, rows: Int32Array, options?: { signal?: AbortSignal }): Promise<Float32Array>;
  /** Hidden states of the rows [rows, hidden]: after the final norm, or a block's output. */
  hiddenRows(pass: ForwardPass, rows: Int32Array, place?: Place): Promise<Float32Array>;
  /**
   * Adds the loss's gradient to the gradient values: overwrites those not written since `startStep`, adds to the others.
   * Returns each group's quantities, empty for a group that does not ask for them.
   * @throws ConfigError when no trainable weight lies below a group's place
   */
  backward(
    pass: ForwardPass,
    groups: readonly RowGroup[],
    options?: { signal?: AbortSignal },
  ): Promise<QuantityValues[]>;
  /** Forgets which gradients were written: the next backward overwrites. */
  startStep(): void;
}

export function createStageRunner(model: Model, options: StageRunnerOptions = {}): StageRunner {
  const { architecture, config, backend } = model;
  const { trainable = new Set<string>(), gradients = new Map<string, Value>(), residuals = "save" } = options;
  const context = createStageContext(model, trainable, gradients);
  const { embed, blocks, program, feed, layoutOf, layoutKey, requestFor } = context;
  const rowRunner = createRowRunner(context, options.logitsBytes ?? 128 << 20);
  const graphPairs = new Map<string, { forward: Graph; backward: Graph }>();

  const attention = (stage: BlockId, shape: TokenShape) => fullAttention(config, layerKind(config, stage.layer), shape);
  const shapeKey = ({ batch, seq }: TokenShape) => `${batch}x${seq}`;

  const plainEmbedding = (shape: TokenShape) =>
    program(`embed ${shapeKey(shape)} ${layoutKey(embed)}`, () =>
      embedForward(architecture, config, layoutOf(embed), shape),
    );
  const plainBlock = (stage: BlockId, shape: TokenShape) =>
    program(`block ${shapeKey(shape)} ${layoutKey(stage)}`, () =>
      blockForward(architecture, layoutOf(stage), attention(stage, shape)),
    );
  const prefix = createFrozenPrefix(
    context,
    { embedding: plainEmbedding, block: plainBlock },
    options.prefixBytes ?? 0,
  );

  async function blockPrograms(stage: BlockId, shape: TokenShape, request: GradientRequest) {
    const key = `block ${shapeKey(shape)} ${JSON.stringify(request)} ${residuals} ${layoutKey(stage)}`;
    let graphs = graphPairs.get(key);
    if (!graphs) {
      graphs = blockGradient(architecture, layoutOf(stage), attention(stage, shape), request, residuals);
      graphPairs.set(key, graphs);
    }
    const { forward, backward } = graphs;
    return {
      forward: () => program(`forward ${key}`, () => forward),
      backward: () => program(`backward ${key}`, () => backward),
    };
  }

  async function forward(
    batch: TokenBatch,
    { train = false, places = ["head"], signal }: ForwardOptions = {},
  ): Promise<ForwardPass> {
    const shape = { batch: batch.batch, seq: batch.seq };
    const runOptions = signal ? { signal } : {};
    const depth = Math.max(...places.map((place) => (place === "head" ? blocks.length : place + 1)));
    const ids = backend.value(batch.ids, [batch.ids.length], "int32");
    let hidden: Value | undefined;
    const borders: (Value | undefined)[] = [];
    const saved: (Record<string, Value> | undefined)[] = [];
    const begun: Value[] = [];
    const dispose = () =>
      disposeAll(hidden, ids, ...borders, ...saved.flatMap((values) => Object.values(values ?? {})), ...begun);
    const looksBelow = places.some((place) => place !== "head" && place + 1 < (prefix?.blocks ?? 0));
    const skipped = train && prefix && !looksBelow ? prefix.blocks : 0;
    try {
      if (skipped > 0) hidden = await (prefix as FrozenPrefix).hidden(batch, runOptions);
      else {
        const embedding = await plainEmbedding(shape);
        hidden = (await embedding.run(feed(embedding, embed, { ids }), runOptions)).output as Value;
      }
      for (const stage of blocks.slice(skipped, depth)) {
        const { layer } = stage;
        const keep = train && context.reaches(stage);
        const run = keep
          ? await (await blockPrograms(stage, shape, { ...requestFor(stage), accumulate: [] })).forward()
          : await plainBlock(stage, shape);
        const { output: next, ...rest } = await run.run(feed(run, stage, { hidden }), runOptions);
        const asked = keep || places.includes(layer - 1);
        borders[layer] = asked ? hidden : undefined;
        saved[layer] = keep ? rest : undefined;
        if (!asked) hidden.dispose();
        hidden = next as Value;
      }
      const kept = { borders, saved, begun, steered: new Map() };
      return { shape, tokens: batch, hidden, ids, depth, ...kept, [Symbol.dispose]: dispose };
    } catch (error) {
      dispose();
      throw error;
    }
  }

  /** The hidden states at a place. */
  function hiddenAt({ hidden, borders, depth }: ForwardPass, place: Place): Value {
    const value = place === "head" || place === depth - 1 ? hidden : borders[place + 1];
    if (!value || (place === "head" && depth < blocks.length)) {
      throw new Error(`the forward pass was not told that rows would be looked at ${place}`);
    }
    return value;
  }
  const placeOfAll = (quantities: readonly QuantitySpec[]): Place => {
    const [place = "head", ...others] = new Set(quantities.map((spec) => placeOf(spec, model)));
    if (others.length > 0) throw new Error(`quantities at ${[place, ...others].join(" and ")} were asked for together`);
    return place;
  };

  /** Rows that are asked for twice of a pass, before backward and in it, have their other side looked up once. */
  async function withSteering<Asked extends AskedRows>(
    pass: ForwardPass,
    asked: Asked,
    options: { signal?: AbortSignal },
  ): Promise<Asked> {
    const { steering } = model;
    if (!steering || placeOfAll(asked.quantities) !== "head") return asked;
    const { rows } = asked.rows;
    const found = pass.steered.get(rows) ?? steering.rows(pass.tokens, rows, options.signal);
    pass.steered.set(rows, found);
    return { ...asked, steering: await found };
  }

  async function backward(
    pass: ForwardPass,
    groups: readonly RowGroup[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<QuantityValues[]> {
    const runOptions = signal ? { signal } : {};
    const found: QuantityValues[] = [];
    const flow: Flow = { gradient: undefined };
    const places = groups.map((group) => placeOfAll(group.quantities));
    for (const place of places) if (place !== "head") refuseFrozenBelow(context, place);
    /** The gradients that enter at a place. */
    const enter = async (place: Place) => {
      for (const [i, group] of groups.entries()) {
        if (places[i] !== place) continue;
        const complete = await withSteering(pass, group, runOptions);
        found[i] = await rowRunner.backward(hiddenAt(pass, place), complete, flow, runOptions);
      }
    };
    try {
      await enter("head");
      for (const stage of blocks.slice(0, pass.depth).reverse()) {
        const { layer } = stage;
        await enter(layer);
        const border = pass.borders[layer];
        if (!context.reaches(stage)) break; // everything from here down is frozen
        if (!flow.gradient || !border) continue; // the first gradient enters further down
        const request = requestFor(stage);
        const run = await (await blockPrograms(stage, pass.shape, request)).backward();
        const kept: Readonly<Record<string, Value>> = pass.saved[layer] ?? {};
        const inputs = feed(run, stage, { ...kept, hidden: border, gradient: flow.gradient });
        const outputs: Record<string, Value> = await context.runForGradients(run, stage, request, inputs, runOptions);
        disposeAll(flow.gradient, ...Object.values(kept));
        flow.gradient = outputs.inputGradient;
      }
      const request = requestFor(embed);
      if (flow.gradient && request.weights.length > 0) {
        const run = await program(
          `embed backward ${shapeKey(pass.shape)} ${JSON.stringify(request)} ${layoutKey(embed)}`,
          () => embedBackward(architecture, config, layoutOf(embed), pass.shape, request),
        );
        const inputs = feed(run, embed, { ids: pass.ids, gradient: flow.gradient });
        await context.runForGradients(run, embed, request, inputs, runOptions);
      }
    } finally {
      flow.gradient?.dispose();
    }
    return found;
  }

  return {
    model,
    prefix,
    forward,
    quantities: async (pass, rows, quantities, reference) => {
      const asked = await withSteering(pass, { rows, quantities, reference }, {});
      return rowRunner.quantities(hiddenAt(pass, placeOfAll(quantities)), asked, {});
    },
    begin: async (pass, plain, runOptions = {}) => {
      const asked = await withSteering(pass, plain, runOptions);
      const hidden = hiddenAt(pass, placeOfAll(asked.quantities));
      if (residuals === "recompute") {
        return { quantities: await rowRunner.quantities(hidden, asked, runOptions), saved: undefined };
      }
      const begun = await rowRunner.begin(hidden, asked, runOptions);
      pass.begun.push(...Object.values(begun.saved ?? {}));
      return begun;
    },
    logitRows: async (pass, rows, runOptions = {}) => rowRunner.logits(hiddenAt(pass, "head"), rows, runOptions),
    hiddenRows: async (pass, rows, place = "head") =>
      rowRunner.states(hiddenAt(pass, place), rows, place === "head" ? "head" : "block"),
    backward,
    startStep: () => context.startStep(),
  };
}
