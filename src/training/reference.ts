// What the frozen reference model says about the training text, computed once before the first step (design §4.2): a scalar per example
// for preference losses, hidden states of chosen rows for terms that hold the model against it.

import type { Sequence } from "../data/batching.ts";
import { mergedWeight } from "../models/lora.ts";
import { fullName, type Model, weightOf } from "../models/model.ts";
import {
  createStageRunner,
  type Place,
  placeOf,
  type QuantitySpec,
  type ReferenceRows,
  type StageRunner,
} from "../models/stage-runner.ts";
import type { Value } from "../runtime/backend.ts";
import type { BranchExamples, BranchIndices } from "./batches.ts";
import type { BranchName, Loss } from "./loss.ts";
import { assembleLossBatch, type BatchItem, type BranchBatch, type Padding } from "./loss-batch.ts";
import { batchesByLength } from "./loss-rows.ts";
import { type RowSelection, selectRows } from "./row-selection.ts";
import { probeLoss, type QuantityGroup } from "./traced-loss.ts";

/** What is asked of the reference for the examples of a branch. */
interface ReferenceRequest {
  readonly branch: BranchName;
  readonly examples: readonly Sequence[];
  readonly nll: boolean;
  /** Hidden states to keep. */
  readonly states: readonly StateRequest[];
}

interface StateRequest {
  readonly place: Place;
  readonly rows: RowSelection;
}

interface BranchReference {
  /** S_ref(i) by example index. */
  readonly nll: Float32Array | undefined;
  /** By `stateKey`. */
  readonly states: ReadonlyMap<string, KeptStates>;
}

interface KeptStates {
  /** Numbers of a row. */
  width: number;
  /** [rows, width] by example index. */
  readonly byExample: Float32Array[];
}

export interface Reference extends Disposable {
  readonly branches: Readonly<Partial<Record<BranchName, BranchReference>>>;
  /** A copy of the output weight as it was, for terms over logits: training may move the model's own. */
  readonly outputWeight: Value | undefined;
  /** Of the few models that add one to their logits. */
  readonly outputBias: Value | undefined;
}

export interface ReferenceOptions {
  readonly padding?: Padding | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: (done: number, total: number) => void;
  /** The examples that will be looked up, where those are not all. */
  readonly only?: BranchIndices | undefined;
}

const stateKey = ({ place, rows }: StateRequest) => `${place} ${rows}`;
const stateRequest = (model: Model, { quantities, rows }: QuantityGroup): StateRequest => ({
  place: placeOf(quantities[0] as QuantitySpec, model),
  rows,
});

/** Of a model that steers another, the other's logits are the reference at the head: they are the rows' constant side, and nothing has to be kept. */
const steeredThere = (model: Model, { quantities }: QuantityGroup): boolean =>
  model.steering !== undefined && placeOf(quantities[0] as QuantitySpec, model) === "head";

/** What the loss will ask of the reference; empty for a loss that needs none. */
function requestsOf(model: Model, loss: Loss, examples: BranchExamples): ReferenceRequest[] {
  const { groups, referenceNll } = probeLoss(loss);
  return loss.branches.flatMap((branch) => {
    const nll = referenceNll.includes(branch);
    const asked = groups.filter(
      (group) => group.branch === branch && group.usesReference && !steeredThere(model, group),
    );
    if (!nll && asked.length === 0) return [];
    return [
      { branch, examples: examples[branch] ?? [], nll, states: asked.map((group) => stateRequest(model, group)) },
    ];
  });
}

/** True when the loss holds the model against the reference. */
export const needsReference = (loss: Loss): boolean => {
  const { groups, referenceNll } = probeLoss(loss);
  return referenceNll.length > 0 || groups.some((group) => group.usesReference);
};

/** Runs the model over the examples that the loss holds against it, longest together, and keeps what the loss asks for. */
export async function computeReference(
  model: Model,
  loss: Loss,
  examples: BranchExamples,
  { padding, signal, progress, only }: ReferenceOptions = {},
): Promise<Reference> {
  const runner = createStageRunner(model);
  const requests = requestsOf(model, loss, examples);
  const total = requests.reduce((sum, { branch, examples }) => sum + (only?.[branch]?.size ?? examples.length), 0);
  let done = 0;
  const branches: Partial<Record<BranchName, BranchReference>> = {};
  for (const request of requests) {
    const nll = request.nll ? new Float32Array(request.examples.length).fill(Number.NaN) : undefined; // NaN: not asked for
    const states = new Map<string, KeptStates>(
      request.states.map((state) => [stateKey(state), { width: 0, byExample: [] }]),
    );
    // A position depends on those before it alone: padded to the longest example, all are right whatever a batch will be padded to.
    const toTheEnd = request.states.some(({ rows }) => rows === "positions" || rows === "predictions");
    const longest = Math.max(0, ...request.examples.map(({ ids }) => ids.length));
    const padded = { ...padding, ...(toTheEnd ? { padTo: Math.max(longest, padding?.padTo ?? 0) } : {}) };
    for (const items of batchesByLength(request.examples, only?.[request.branch])) {
      signal?.throwIfAborted();
      await visit(runner, items, request, padded, nll, states);
      done += items.length;
      progress?.(done, total);
    }
    branches[request.branch] = { nll, states };
  }
  const needsOutput = requests.some(({ states }) => states.some(({ place }) => place === "head"));
  const outputWeight = needsOutput ? await copyOutputWeight(model) : undefined;
  const outputBias = needsOutput ? await copyOutputBias(model) : undefined;
  const dispose = () => {
    outputWeight?.dispose();
    outputBias?.dispose();
  };
  return { branches, outputWeight, outputBias, [Symbol.dispose]: dispose };
}

async function visit(
  runner: StageRunner,
  items: readonly BatchItem[],
  request: ReferenceRequest,
  padding: Padding,
  nll: Float32Array | undefined,
  states: ReadonlyMap<string, KeptStates>,
): Promise<void> {
  const batch = assembleLossBatch({ forget: items }, undefined, padding);
  const branch = batch.branches.forget as BranchBatch;
  const places = [...(nll ? ["head" as const] : []), ...request.states.map(({ place }) => place)];
  using pass = await runner.forward(batch.tokens, { places });
  if (nll) {
    const rowNll = (await runner.quantities(pass, branch, ["nll"])).nll as Float32Array;
    split(items, branch.counts, rowNll, 1, (index, part) => {
      nll[index] = part.reduce((sum, x) => sum + x, 0);
    });
  }
  for (const state of request.states) {
    const selected = selectRows(branch, state.rows);
    const hidden = await runner.hiddenRows(pass, selected.rows, state.place);
    const kept = states.get(stateKey(state)) as KeptStates;
    kept.width = hidden.length / selected.rows.length;
    split(items, selected.counts, hidden, kept.width, (index, part) => {
      kept.byExample[index] = part.slice();
    });
  }
}

/** Hands each example its rows of `data` [rows, width]. */
function split(
  items: readonly BatchItem[],
  counts: readonly number[],
  data: Float32Array,
  width: number,
  take: (index: number, part: Float32Array) => void,
): void {
  let start = 0;
  items.forEach(({ index }, i) => {
    const end = start + (counts[i] as number) * width;
    take(index, data.subarray(start, end));
    start = end;
  });
}

async function copyOutputWeight(model: Model): Promise<Value> {
  const name = fullName(model, { kind: "head" }, model.architecture.outputWeight);
  const value = weightOf(model, name);
  const module = name.replace(/\.weight$/, "");
  if (model.lora.has(module)) return model.backend.value(await mergedWeight(model, module), value.shape);
  return copyOf(model, value);
}

async function copyOutputBias(model: Model): Promise<Value | undefined> {
  const name = model.architecture.outputWeight.replace(/\.weight$/, ".bias");
  const value = model.weights.get(fullName(model, { kind: "head" }, name));
  return value && copyOf(model, value);
}

async function copyOf({ backend }: Model, value: Value): Promise<Value> {
  const data = await backend.read(value);
  return backend.value(data.slice() as typeof data, value.shape, value.dtype);
}

/** The reference's side of a group in a batch. @throws Error when the reference was computed for another loss. */
export function referenceRows(
  reference: Reference | undefined,
  model: Model,
  group: QuantityGroup,
  branch: BranchBatch,
  counts: readonly number[],
): ReferenceRows | undefined {
  if (!group.usesReference || steeredThere(model, group)) return undefined;
  const state = stateRequest(model, group);
  const kept = reference?.branches[group.branch]?.states.get(stateKey(state));
  if (!kept) throw new Error(`the reference holds no ${stateKey(state)} of "${group.branch}"`);
  const { width, byExample } = kept;
  const hidden = new Float32Array(counts.reduce((sum, count) => sum + count * width, 0));
  let offset = 0;
  branch.items.forEach(({ index }, i) => {
    const size = (counts[i] as number) * width;
    hidden.set((byExample[index] as Float32Array).subarray(0, size), offset);
    offset += size;
  });
  if (state.place !== "head") return { hidden };
  return { hidden, outputWeight: reference?.outputWeight, outputBias: reference?.outputBias };
}
