// What a loss is: a scalar made of row quantities of a few branches (the text to forget, its alternate answer, the text to retain).
// A loss is traced over symbolic quantities; its cotangents follow from the gradient rules and are evaluated in float64, since these are
// a few thousand numbers. A loss never sees the model, the vocabulary, or which weights move.

import { type RowQuantityName, rowQuantities } from "../models/row-quantities.ts";
import { evaluate } from "../runtime/reference/index.ts";
import { dependsOn, div, gradients, input, segmentSum, sum, type Tensor } from "../tensor/index.ts";

export type BranchName = "forget" | "alternate" | "retain";

/** One side of a loss: examples with their labelled rows, as symbolic tensors. N = rows, B = examples. */
export interface Branch {
  /** Labelled rows of each example, n_i. */
  readonly counts: readonly number[];
  /** A row quantity, [N]. */
  quantity(name: RowQuantityName): Tensor;
  /** S(i): negative log-likelihood summed over example i's labelled rows, [B] (methods §0.2). */
  sequenceNll(): Tensor;
  /** S_ref(i) of the frozen reference model, [B]: a constant of the run. */
  referenceSequenceNll(): Tensor;
  /** CE = Σ_i S(i) / N, scalar: the token mean over the whole branch. */
  meanNll(): Tensor;
  /** Mean of a row quantity over the labelled rows, scalar. */
  meanOf(name: RowQuantityName): Tensor;
}

export type Branches = Readonly<Record<BranchName, Branch>>;

export interface LossTerms {
  readonly loss: Tensor;
  /** Parts worth logging, scalars. */
  readonly terms: Readonly<Record<string, Tensor>>;
}

/** A loss with its options filled in. */
export interface Loss {
  readonly name: string;
  /** Branches a batch must hold. */
  readonly branches: readonly BranchName[];
  readonly terms: (branches: Branches) => LossTerms;
}

/** What a branch of a concrete batch is made of. */
export interface BranchLayout {
  readonly counts: readonly number[];
}

/** A loss traced for a batch layout: what it asks for, and how to evaluate it. */
export interface TracedLoss {
  /** Row quantities each branch needs. */
  readonly quantities: Readonly<Partial<Record<BranchName, readonly RowQuantityName[]>>>;
  /** Branches whose reference sequence NLLs are needed. */
  readonly referenceNll: readonly BranchName[];
  /** Branches with a quantity that needs the reference's logits. */
  readonly referenceLogits: readonly BranchName[];
  /** True when every cotangent is known before the model runs, so logits need to be computed only once. */
  readonly linear: boolean;
  /** d loss / d quantity, per branch; feeds that the cotangents do not depend on may be missing. */
  cotangents(feeds: LossFeeds): Partial<Record<BranchName, Partial<Record<RowQuantityName, Float64Array>>>>;
  values(feeds: LossFeeds): { loss: number; terms: Record<string, number> };
}

export interface LossFeeds {
  readonly quantities?: Readonly<Partial<Record<BranchName, Partial<Record<RowQuantityName, ArrayLike<number>>>>>>;
  readonly referenceNll?: Readonly<Partial<Record<BranchName, ArrayLike<number>>>>;
}

const quantityInput = (branch: BranchName, name: RowQuantityName) => `${branch}.${name}`;
const referenceInput = (branch: BranchName) => `${branch}.reference`;

/** Traces `loss` over branches of this layout. @throws Error when the loss uses a branch that the layout lacks. */
export function traceLoss(loss: Loss, layout: Readonly<Partial<Record<BranchName, BranchLayout>>>): TracedLoss {
  const asked = new Map<string, { branch: BranchName; name: RowQuantityName; tensor: Tensor }>();
  const references = new Map<BranchName, Tensor>();

  const branchOf = (branch: BranchName): Branch => {
    const found = layout[branch];
    if (!found) throw new Error(`loss "${loss.name}" uses the branch "${branch}", which the batch does not hold`);
    const { counts } = found;
    const total = counts.reduce((a, b) => a + b, 0);
    const exampleOfRow = counts.flatMap((count, example) => Array.from({ length: count }, () => example));
    const quantity = (name: RowQuantityName): Tensor => {
      const key = quantityInput(branch, name);
      let entry = asked.get(key);
      if (!entry) {
        entry = { branch, name, tensor: input(key, [total]) };
        asked.set(key, entry);
      }
      return entry.tensor;
    };
    return {
      counts,
      quantity,
      sequenceNll: () => segmentSum(quantity("nll"), exampleOfRow, counts.length),
      referenceSequenceNll: () => {
        const tensor = references.get(branch) ?? input(referenceInput(branch), [counts.length]);
        references.set(branch, tensor);
        return tensor;
      },
      meanNll: () => div(sum(quantity("nll")), total),
      meanOf: (name) => div(sum(quantity(name)), total),
    };
  };
  // Getters, so that only branches the loss really uses must be there.
  const branches: Branches = {
    get forget() {
      return branchOf("forget");
    },
    get alternate() {
      return branchOf("alternate");
    },
    get retain() {
      return branchOf("retain");
    },
  };

  const traced = loss.terms(branches);
  const entries = [...asked.values()];
  const wrt = entries.map((entry) => entry.tensor);
  const found = gradients(traced.loss, wrt);
  const names = <T>(pick: (entry: (typeof entries)[number]) => T) => [...new Set(entries.map(pick))];

  const feed = (feeds: LossFeeds): Record<string, Float64Array> => {
    const result: Record<string, Float64Array> = {};
    for (const [branch, values] of Object.entries(feeds.quantities ?? {})) {
      for (const [name, data] of Object.entries(values ?? {})) {
        result[quantityInput(branch as BranchName, name as RowQuantityName)] = Float64Array.from(data);
      }
    }
    for (const [branch, data] of Object.entries(feeds.referenceNll ?? {})) {
      if (data) result[referenceInput(branch as BranchName)] = Float64Array.from(data);
    }
    return result;
  };

  return {
    quantities: Object.fromEntries(
      names((entry) => entry.branch).map((branch) => [
        branch,
        entries.filter((entry) => entry.branch === branch).map((entry) => entry.name),
      ]),
    ),
    referenceNll: [...references.keys()],
    referenceLogits: names((entry) => entry.branch).filter((branch) =>
      entries.some((entry) => entry.branch === branch && rowQuantities[entry.name].usesReference),
    ),
    linear: !found.some((gradient) => dependsOn(gradient, wrt)),
    cotangents(feeds) {
      const outputs = Object.fromEntries(found.map((gradient, i) => [String(i), gradient]));
      const values = evaluate(outputs, feed(feeds));
      const result: Partial<Record<BranchName, Partial<Record<RowQuantityName, Float64Array>>>> = {};
      entries.forEach(({ branch, name }, i) => {
        result[branch] = { ...result[branch], [name]: values[String(i)] as Float64Array };
      });
      return result;
    },
    values(feeds) {
      const outputs: Record<string, Tensor> = { loss: traced.loss };
      for (const [name, tensor] of Object.entries(traced.terms)) outputs[`term.${name}`] = tensor;
      const values = evaluate(outputs, feed(feeds));
      const scalar = (name: string) => (values[name] as Float64Array)[0] as number;
      return {
        loss: scalar("loss"),
        terms: Object.fromEntries(Object.keys(traced.terms).map((name) => [name, scalar(`term.${name}`)])),
      };
    },
  };
}
