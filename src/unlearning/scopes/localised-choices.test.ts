// What memflex and wagle choose, on a model of random numbers: what records weigh, and what controls are.

import { afterAll, beforeAll, expect, test } from "vitest";
import { hasBit } from "../../core/bit-set.ts";
import { silent } from "../../core/events.ts";
import { createRandom } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import { initialiseModel } from "../../models/load.ts";
import { type Model, weightOf } from "../../models/model.ts";
import { createReferenceBackend } from "../../runtime/reference/index.ts";
import { contents } from "../../training/weight-memory.ts";
import type { Named } from "../config.ts";
import { openScope } from "./open-scope.ts";

const config = {
  model_type: "llama",
  hidden_size: 8,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  intermediate_size: 12,
  vocab_size: 20,
  max_position_embeddings: 16,
  initializer_range: 0.3,
};
const sequence = (...tokens: number[]): Sequence => ({
  ids: Int32Array.from(tokens.slice(0, -1)),
  labels: Int32Array.from(tokens.slice(1)),
});
const [forgotten, kept] = [sequence(1, 5, 9, 3, 7), sequence(2, 8, 4, 6, 11)];

let model: Model;
beforeAll(() => {
  model = initialiseModel(config, createReferenceBackend(), createRandom(1));
});
afterAll(() => model.dispose());

async function regionOf(scope: Named, { copies = 1, seed = 1 } = {}) {
  const opened = await openScope(scope);
  const random = createRandom(seed);
  const found = await opened.localise?.({
    model,
    modelHash: "",
    candidates: opened.select(model, random),
    forget: Array(copies).fill(forgotten),
    retain: Array(copies).fill(kept),
    pairs: true,
    plainIds: [...Array(20).keys()],
    random,
    report: silent,
  });
  return (found as NonNullable<typeof found>).region;
}

/** Of every single number whether it may move. */
async function movingNumbers(...of: Parameters<typeof regionOf>): Promise<boolean[]> {
  const { tensors, masks } = await regionOf(...of);
  return tensors.flatMap(({ name, shape, selected }) => {
    const mask = masks.get(name);
    return Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (mask ? hasBit(mask, i) : selected > 0));
  });
}

test("wagle weighs what must stay by all its records, however few are asked", async () => {
  const scope = { name: "wagle", ratio: 0.3, mu: 2 };
  const all = await movingNumbers({ ...scope, records: "all" }, { copies: 6 });
  const differing = async (other: object, copies = 6) => {
    const found = await movingNumbers({ ...scope, ...other }, { copies });
    return found.filter((moves, i) => moves !== all[i]).length / all.length;
  };
  // Of equal records two tell as much as six.
  expect(await differing({ records: 2 })).toBeLessThan(0.002);
  // What two records alone would choose is something else.
  expect(await differing({ records: "all" }, 2)).toBeGreaterThan(0.02);
});

test("a control by magnitude takes the largest: of tensors by the mean of |weight| within a shape, of single weights by |θ|", async () => {
  const { tensors } = await regionOf({ name: "memflex", share: 0.4, choose: "magnitude" });
  const means = new Map<string, number>();
  for (const { name } of tensors) {
    const numbers = await contents(model, name);
    means.set(name, numbers.reduce((sum, x) => sum + Math.abs(x), 0) / numbers.length);
  }
  let compared = 0;
  for (const chosen of tensors.filter(({ selected }) => selected > 0)) {
    for (const other of tensors.filter(({ selected, shape }) => selected === 0 && `${shape}` === `${chosen.shape}`)) {
      expect(means.get(chosen.name), `${chosen.name}, ${other.name}`).toBeGreaterThan(means.get(other.name) as number);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(10);

  const moves = await movingNumbers({ name: "wagle", ratio: 0.3, choose: "magnitude" });
  const numbers: number[] = [];
  for (const name of model.weights.keys()) numbers.push(...(await contents(model, name)));
  const largest = (chosen: boolean) => numbers.filter((_, i) => moves[i] === chosen).map(Math.abs);
  expect(Math.min(...largest(true))).toBeGreaterThanOrEqual(Math.max(...largest(false)));
});

test("a control at random goes by the seed and by nothing else", async () => {
  for (const scope of [
    { name: "memflex", share: 0.4, choose: "random" },
    { name: "wagle", ratio: 0.3, choose: "random" },
  ]) {
    const first = await movingNumbers(scope, { seed: 1 });
    expect(await movingNumbers(scope, { seed: 1 })).toEqual(first);
    expect(await movingNumbers(scope, { seed: 2 })).not.toEqual(first);
  }
});

test("wagle looks at every weight, and memflex at matrices", async () => {
  const names = (region: { readonly tensors: readonly { readonly name: string }[] }) =>
    region.tensors.map(({ name }) => name);
  expect(names(await regionOf({ name: "wagle", ratio: 0.3 }))).toEqual([...model.weights.keys()]);
  expect(names(await regionOf({ name: "memflex" }))).toEqual(
    [...model.weights.keys()].filter((name) => weightOf(model, name).shape.length === 2),
  );
});
