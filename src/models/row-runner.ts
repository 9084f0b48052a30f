// Runs quantities over chosen rows, at the head or at a block's output: values, and gradients towards the whole batch. One chunk of logits is held
// at a time. Knows neither where the hidden states come from nor what the gradient meets further down.

import type { Value } from "../runtime/backend.ts";
import { cutGraph, graph } from "../tensor/index.ts";
import { type BlockQuantitySpec, isBlockQuantity } from "./block-quantities.ts";
import {
  bucketed,
  chunkInputs,
  chunkOf,
  collectChunk,
  disposeAll,
  emptyQuantities,
  filled,
  type QuantityValues,
  type RowSides,
  referenceOutput,
  rowChunks,
} from "./row-chunks.ts";
import {
  blockRows,
  finalHidden,
  headRows,
  plainHidden,
  type RowTrace,
  rowGradients,
  rowLogits,
  scatterRows,
} from "./row-graphs.ts";
import { quantityKey, type RowQuantitySpec } from "./row-quantities.ts";
import type { RunOptions, StageContext } from "./stage-context.ts";
import { cotangentName, type GradientRequest } from "./stages.ts";
import { steeringOutput } from "./steering.ts";

/** A number per row, of the head or of a block's output. */
export type QuantitySpec = RowQuantitySpec | BlockQuantitySpec;

/** Rows of one side of a loss and what is asked of them, all at the head or all at one block's output. */
export interface AskedRows extends RowSides {
  readonly quantities: readonly QuantitySpec[];
}

/** d loss / d quantity for each of the rows. */
export interface RowGroup extends AskedRows {
  /** By the quantity's key, [rows]. */
  readonly cotangents: QuantityValues;
  /** True to get the quantities back, from the same run. */
  readonly alsoQuantities?: boolean;
  /** What `begin` gave for these rows, if it was called: the logits are then not computed again. */
  readonly begun?: BegunRows | undefined;
}

/** Rows whose quantities are known and whose gradient is still to come. */
export interface BegunRows {
  readonly quantities: QuantityValues;
  /** What backward needs of the forward; undefined for rows of several chunks, which are computed again. */
  readonly saved: Readonly<Record<string, Value>> | undefined;
}

/** The gradient on its way down, [tokens, hidden]; whoever replaces it disposes the earlier one. */
export interface Flow {
  gradient: Value | undefined;
}

export interface RowRunner {
  /** @param hidden [tokens, hidden], after the last block or after the block that is asked */
  quantities(hidden: Value, asked: AskedRows, options: RunOptions): Promise<QuantityValues>;
  /** The quantities, and what backward needs when that is no more than one chunk. The caller disposes it. */
  begin(hidden: Value, asked: AskedRows, options: RunOptions): Promise<BegunRows>;
  /** Adds the group's gradient to the flow, and to the head's weights. */
  backward(hidden: Value, group: RowGroup, flow: Flow, options: RunOptions): Promise<QuantityValues>;
  /** The model's own logits, [rows, vocabulary]. */
  logits(hidden: Value, rows: Int32Array, options: RunOptions): Promise<Float32Array>;
  /** Hidden states of the rows, [rows, hidden]; those of the head after the final norm. */
  states(hidden: Value, rows: Int32Array, at: "head" | "block"): Promise<Float32Array>;
}

export function createRowRunner(context: StageContext, logitsBytes: number): RowRunner {
  const { model, head, program } = context;
  const { architecture, config, backend } = model;
  const sum = model.steering && steeringOutput(model.steering);
  /** The frozen output layers that a program may ask for. */
  const frozenOutputs = ({ reference }: AskedRows) => ({ ...referenceOutput(reference).inputs, ...sum?.inputs });

  /** How the rows of a group are computed: program key, trace, which weights beside the rows get a gradient, and how wide a row is. */
  function kindOf({ quantities, reference, steering }: AskedRows, rows: number, tokens: number) {
    const shape = { rows, tokens, quantities: quantities.map(quantityKey) };
    if (quantities.some(isBlockQuantity)) {
      const request = { rows, tokens, quantities: quantities as readonly BlockQuantitySpec[] };
      const none: GradientRequest = { weights: [], accumulate: [], input: true };
      return { key: `block rows ${JSON.stringify(shape)}`, trace: () => blockRows(config, request), wanted: none };
    }
    const { layout } = referenceOutput(reference);
    const steered = steering && sum?.layout;
    const common = { rows, tokens, reference: layout, steering: steered };
    const request = { ...common, quantities: quantities as readonly RowQuantitySpec[] };
    return {
      key: `head ${JSON.stringify({ ...shape, layout, steered })} ${context.layoutKey(head)}`,
      trace: () => headRows(architecture, config, context.layoutOf(head), request),
      wanted: context.requestFor(head),
    };
  }

  const chunksOf = ({ rows, quantities }: AskedRows) =>
    rowChunks(
      rows.rows.length,
      quantities.some(isBlockQuantity) ? config.hiddenSize : config.vocabularySize,
      logitsBytes,
    );

  const valuesOf = (trace: RowTrace) => graph(trace.quantities);
  async function quantities(hidden: Value, asked: AskedRows, options: RunOptions): Promise<QuantityValues> {
    const result = emptyQuantities(asked.quantities.map(quantityKey), asked.rows.rows.length);
    const tokens = hidden.shape[0] as number;
    for (const chunk of chunksOf(asked)) {
      const { key, trace } = kindOf(asked, chunk.size, tokens);
      const run = await program(key, () => valuesOf(trace()));
      using made = chunkInputs(backend, asked, chunk, config.vocabularySize);
      const given = { ...made.inputs, hidden, ...frozenOutputs(asked) };
      await collectChunk(backend, await run.run(context.feed(run, head, given), options), result, chunk);
    }
    return result;
  }

  /** Forward and backward of a chunk, cut apart where the cotangents come in. */
  const cutRows = (trace: RowTrace, wanted: GradientRequest) =>
    cutGraph(trace.quantities, rowGradients(trace, wanted, false).outputs, "save");

  async function begin(hidden: Value, asked: AskedRows, options: RunOptions): Promise<BegunRows> {
    const [chunk, ...more] = chunksOf(asked);
    if (!chunk || more.length > 0) return { quantities: await quantities(hidden, asked, options), saved: undefined };
    const { key, trace, wanted } = kindOf(asked, chunk.size, hidden.shape[0] as number);
    const run = await program(
      `begin ${JSON.stringify({ ...wanted, accumulate: [] })} ${key}`,
      () => cutRows(trace(), { ...wanted, accumulate: [] }).forward,
    );
    using made = chunkInputs(backend, asked, chunk, config.vocabularySize);
    const given = { ...made.inputs, hidden, ...frozenOutputs(asked) };
    const outputs = await run.run(context.feed(run, head, given), options);
    const result = emptyQuantities(asked.quantities.map(quantityKey), asked.rows.rows.length);
    const saved = Object.fromEntries(Object.entries(outputs).filter(([name]) => !(name in result)));
    try {
      await collectChunk(backend, outputs, result, chunk);
    } catch (error) {
      disposeAll(...Object.values(saved));
      throw error;
    }
    return { quantities: result, saved };
  }

  async function backward(hidden: Value, group: RowGroup, flow: Flow, options: RunOptions): Promise<QuantityValues> {
    const { alsoQuantities = false, cotangents } = group;
    const saved = group.begun?.saved;
    const keys = group.quantities.map(quantityKey);
    const result = emptyQuantities(alsoQuantities ? keys : [], group.rows.rows.length);
    const tokens = hidden.shape[0] as number;
    for (const chunk of chunksOf(group)) {
      const { key, trace, wanted } = kindOf(group, chunk.size, tokens);
      const run = await program(
        `backward ${JSON.stringify({ wanted, alsoQuantities, begun: saved !== undefined })} ${key}`,
        () => (saved ? cutRows(trace(), wanted).backward : rowGradients(trace(), wanted, alsoQuantities)),
      );
      using made = chunkInputs(backend, group, chunk, config.vocabularySize);
      for (const name of keys) {
        made.inputs[cotangentName(name)] = chunkOf(backend, cotangents[name] as Float32Array, chunk);
      }
      const given = { ...made.inputs, hidden, ...frozenOutputs(group), ...saved };
      const outputs = await context.runForGradients(run, head, wanted, context.feed(run, head, given), options);
      try {
        await collectChunk(backend, outputs, result, chunk);
        const { rowGradient } = outputs;
        if (rowGradient) await scatter({ rows: made.inputs.rows as Value, rowGradient }, flow, tokens, options);
      } finally {
        outputs.rowGradient?.dispose();
      }
    }
    return result;
  }

  /** flow.gradient + the rows' gradients at their positions. */
  async function scatter(
    { rows, rowGradient }: { rows: Value; rowGradient: Value },
    flow: Flow,
    tokens: number,
    options: RunOptions,
  ): Promise<void> {
    const { gradient: before } = flow;
    const size = rows.shape[0] as number;
    const run = await program(`scatter ${size} ${tokens} ${before !== undefined}`, () =>
      scatterRows(config, size, tokens, before !== undefined),
    );
    const inputs = { rows, rowGradient, ...(before ? { accumulated: before } : {}) };
    flow.gradient = (await run.run(inputs, options)).gradient as Value;
    disposeAll(before);
  }

  async function logits(hidden: Value, rows: Int32Array, options: RunOptions): Promise<Float32Array> {
    const width = config.vocabularySize;
    const result = new Float32Array(rows.length * width);
    for (const { start, end, size } of rowChunks(rows.length, width, logitsBytes)) {
      const request = { rows: size, tokens: hidden.shape[0] as number, quantities: [] };
      const run = await program(`logits ${size} ${request.tokens} ${context.layoutKey(head)}`, () =>
        rowLogits(architecture, config, context.layoutOf(head), request),
      );
      using index = backend.value(filled(rows.subarray(start, end), size), [size], "int32");
      using output = (await run.run(context.feed(run, head, { hidden, rows: index }), options)).logits as Value;
      const data = (await backend.read(output)) as Float32Array;
      result.set(data.subarray(0, (end - start) * width), start * width);
    }
    return result;
  }

  async function states(hidden: Value, rows: Int32Array, at: "head" | "block"): Promise<Float32Array> {
    const request = { rows: bucketed(rows.length), tokens: hidden.shape[0] as number, quantities: [] };
    const run = await program(`states ${at} ${request.rows} ${request.tokens} ${context.layoutKey(head)}`, () =>
      at === "head" ? finalHidden(architecture, config, context.layoutOf(head), request) : plainHidden(config, request),
    );
    using index = backend.value(filled(rows, request.rows), [request.rows], "int32");
    using output = (await run.run(context.feed(run, head, { hidden, rows: index }))).states as Value;
    const width = output.shape[1] as number;
    return ((await backend.read(output)) as Float32Array).slice(0, rows.length * width);
  }

  return { quantities, begin, backward, logits, states };
}
