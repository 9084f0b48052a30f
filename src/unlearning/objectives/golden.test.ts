// Every objective against published reference functions, executed in float64: value and gradient towards the logits (docs: methods' golden fixture).

import { expect, test } from "vitest";
import { ConfigError } from "../../core/errors.ts";
import { createRandom } from "../../core/random.ts";
import type { Sequence } from "../../data/batching.ts";
import { blockQuantity, direction, isBlockQuantity } from "../../models/block-quantities.ts";
import { quantityKey, rowQuantity } from "../../models/row-quantities.ts";
import type { QuantitySpec } from "../../models/stage-runner.ts";
import { evaluate } from "../../runtime/reference/index.ts";
import { gradients, input, type Tensor } from "../../tensor/index.ts";
import type { BranchName } from "../../training/loss.ts";
import { assembleLossBatch, type BranchBatch } from "../../training/loss-batch.ts";
import { type RowSelection, selectRows } from "../../training/row-selection.ts";
import { traceLoss } from "../../training/traced-loss.ts";
import { choose } from "../choose.ts";
import { objectives } from "./index.ts";

const [B, T, V, D] = [2, 5, 6, 4];
type Numbers = (b: number, t: number, v: number) => number;
const z: Numbers = (b, t, v) => 2 * Math.sin(1 + 7 * b + 3 * t + 2 * v);
const zRef: Numbers = (b, t, v) => 2 * Math.cos(2 + 5 * b + 2 * t + 3 * v);
const zAlt: Numbers = (b, t, v) => 1.5 * Math.sin(0.5 + 4 * b + 2 * t + 5 * v);
const zAltRef: Numbers = (b, t, v) => 1.5 * Math.cos(1.5 + 3 * b + 4 * t + 2 * v);
const h: Numbers = (b, t, k) => Math.sin(0.3 + b + 2 * t + 3 * k);
const Y = [
  [-100, -100, 1, 3, 0],
  [-100, 2, 4, -100, -100],
];
const YAlt = [
  [-100, -100, 5, 2, -100],
  [-100, 0, 3, 1, -100],
];
/** Every position labelled. */
const Yv = [
  [0, 2, 1, 3, 0],
  [1, 2, 4, 5, 1],
];

/** A branch of the fixture: logits of the model and of its reference, and labels where they stand in the text. */
interface Side {
  readonly logits: Numbers;
  readonly reference: Numbers;
  readonly labels: readonly (readonly number[])[];
}

/** All five tokens are inputs; what each position predicts is the label one further on. */
function batchOf({ labels }: Side): BranchBatch {
  const items = labels.map((row, index) => {
    const example: Sequence = { ids: new Int32Array(T), labels: Int32Array.from([...row.slice(1), -100]) };
    return { example, index };
  });
  return assembleLossBatch({ forget: items }, T).branches.forget as BranchBatch;
}

const flat = (numbers: Numbers, rows: Int32Array, width: number) =>
  Float64Array.from(
    [...rows].flatMap((row) => Array.from({ length: width }, (_, v) => numbers(Math.floor(row / T), row % T, v))),
  );

/** A quantity over rows of a side: the tensor, what it is a function of, and its feeds. */
function traced(side: Side, spec: QuantitySpec, selection: RowSelection) {
  const { rows, labels } = selectRows(batchOf(side), selection);
  const width = isBlockQuantity(spec) ? D : V;
  const x = input("x", [rows.length, width]);
  const reference = () => input("reference", [rows.length, width]);
  const tensor = isBlockQuantity(spec)
    ? blockQuantity(spec).build({ hidden: x, referenceHidden: reference })
    : rowQuantity(spec).build({
        logits: x,
        labels: input("labels", [rows.length], "int32"),
        referenceLogits: reference,
      });
  const feeds = {
    x: flat(isBlockQuantity(spec) ? h : side.logits, rows, width),
    reference: flat(side.reference, rows, width),
    labels: labels.map((label) => Math.max(label, 0)),
  };
  return { tensor, x, rows, feeds, width };
}

/** Loss, and its gradient towards the logits, or hidden states, of `wrt`'s side, [B, T, V or D]. */
async function run(name: string, options: object, sides: Partial<Record<BranchName, Side>>, wrt: BranchName) {
  const objective = await objectives.get(name);
  const loss = objective.loss(objective.options.parse(options) as object, createRandom(1));
  const sideOf = (branch: BranchName) => sides[branch] as Side;
  const layout = Object.fromEntries(
    loss.branches.map((branch) => [branch, (rows: RowSelection) => selectRows(batchOf(sideOf(branch)), rows).counts]),
  );
  const found = traceLoss(loss, layout);
  const quantities = found.groups.map(({ branch, rows, quantities: specs }) =>
    Object.fromEntries(
      specs.map((spec) => {
        const { tensor, feeds } = traced(sideOf(branch), spec, rows);
        return [quantityKey(spec), evaluate({ q: tensor }, feeds).q as Float64Array];
      }),
    ),
  );
  const referenceNll = Object.fromEntries(
    found.referenceNll.map((branch) => {
      const side = sideOf(branch);
      const { tensor, feeds, rows } = traced({ ...side, logits: side.reference }, "nll", "labelled");
      const nll = evaluate({ q: tensor }, feeds).q as Float64Array;
      return [
        branch,
        [0, 1].map((b) => nll.reduce((sum, x, i) => sum + (Math.floor((rows[i] as number) / T) === b ? x : 0), 0)),
      ];
    }),
  );
  const feeds = { quantities, referenceNll };
  const cotangents = found.cotangents(feeds);
  const gradient = new Float64Array(B * T * V);
  found.groups.forEach(({ branch, rows: selection, quantities: specs }, i) => {
    if (branch !== wrt) return;
    for (const spec of specs) {
      const { tensor, x, rows, feeds: own, width } = traced(sideOf(branch), spec, selection);
      const cotangent = cotangents[i]?.[quantityKey(spec)] as Float64Array;
      const [dx] = gradients([{ output: tensor, cotangent: input("cotangent", tensor.shape) }], [x]);
      const values = evaluate({ dx: dx as Tensor }, { ...own, cotangent }).dx as Float64Array;
      values.forEach((value, at) => {
        const place = (rows[Math.floor(at / width)] as number) * width + (at % width);
        gradient[place] = (gradient[place] as number) + value;
      });
    }
  });
  const { loss: value, terms } = found.values(feeds);
  return { loss: value, terms, gradient, twice: found.groups.filter(({ first }) => first).map(({ branch }) => branch) };
}

const original: Side = { logits: z, reference: zRef, labels: Y };
const alternate: Side = { logits: zAlt, reference: zAltRef, labels: YAlt };

/** The last column of each case: value, ‖grad‖₂, grad[0][1][1], grad[1][0][0]. */
const golden = [
  ["ga", {}, { forget: original }, "forget", -2.9780757624, 0.491531821, 0.1928317317, -0.0907087304],
  [
    "grad-diff",
    { retainWeight: 0 },
    { forget: original },
    "forget",
    -2.9780757624,
    0.491531821,
    0.1928317317,
    -0.0907087304,
  ],
  [
    "grad-diff",
    { forgetWeight: 0 },
    { forget: original, retain: original },
    "retain",
    2.9780757624,
    0.491531821,
    -0.1928317317,
    0.0907087304,
  ],
  [
    "ga-kl",
    { forgetWeight: 0, peer: true },
    { forget: original, retain: original },
    "retain",
    1.2960834643,
    0.1795372096,
    -0.0208497773,
    0.0207404248,
  ],
  [
    "npo",
    { beta: 0.1, retainWeight: 0 },
    { forget: original },
    "forget",
    12.7330125142,
    1.1602304174,
    0.4599459936,
    -0.2107897938,
  ],
  [
    "simnpo",
    { beta: 2.5, delta: 1, forgetWeight: 1, retainWeight: 0 },
    { forget: original },
    "forget",
    0.0055671313,
    0.0068297075,
    0.0025663761,
    -0.001334114,
  ],
  [
    "simnpo",
    { forgetWeight: 1, retainWeight: 0 },
    { forget: original },
    "forget",
    6.608e-7,
    1.464e-6,
    6.069e-7,
    -2.461e-7,
  ],
  [
    "dpo",
    { beta: 0.1, retainWeight: 0 },
    { forget: original, alternate },
    "forget",
    10.4846734192,
    1.0002336086,
    0.3881012962,
    -0.1874967011,
  ],
  ["wga", { retainWeight: 0 }, { forget: original }, "forget", -0.1675365658, 0.042896421, 0.006911348, -0.0019447385],
  ["satimp", { retainWeight: 0 }, { forget: original }, "forget", -6.9948e-5, 3.64884e-5, 1.1e-8, -4e-10],
  ["ce-u", {}, { forget: original }, "forget", 1.2248187064, 0.0835209021, 0, 0],
  ["undial", {}, { forget: original }, "forget", 2.4857022985, 0.263939801, 0.0071653324, 0.0167261221],
  [
    "pdu",
    { peer: true, epsilon: 0, lambda: 0 },
    { forget: original, retain: original },
    "forget",
    3.0007666847,
    1.4143942601,
    0,
    0,
  ],
  [
    "pdu",
    { epsilon: 0, lambda: 0 },
    { forget: original, retain: original },
    "forget",
    3.3407216519,
    1.4923631488,
    -0.1351220123,
    -0.1351814028,
  ],
  [
    "me",
    { forgetWeight: 1, retainWeight: 0 },
    { forget: original },
    "forget",
    0.8848985213,
    0.1951973763,
    -0.026165065,
    0.0573753971,
  ],
  [
    "ap",
    { forgetWeight: 0 },
    { alternate, retain: original, retainAlternate: alternate },
    "retain",
    8.8152268656,
    0.7359320407,
    -0.3191096294,
    0.1117130195,
  ],
] as const;

for (const [name, options, sides, wrt, value, norm, g011, g100] of golden) {
  test(`${name} ${JSON.stringify(options)} hits the golden value and gradient`, async () => {
    const { loss, gradient } = await run(name, options, sides, wrt);
    const digits = (expected: number) => Math.min(1e-6, Math.max(Math.abs(expected) * 1e-3, 5e-11));
    const near = (actual: number, expected: number) =>
      expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(digits(expected));
    near(loss, value);
    near(Math.hypot(...gradient), norm);
    near(gradient[1 * V + 1] as number, g011);
    near(gradient[T * V] as number, g100);
  });
}

test("dpo's gradient raises the alternate answer by closed form: +(2/B)·σ(−β d)·(p − e_y)", async () => {
  const { gradient } = await run("dpo", { beta: 0.1, retainWeight: 0 }, { forget: original, alternate }, "alternate");
  const d = [3.9494086475, 3.4991154919];
  const row = { b: 0, t: 1, label: 5 }; // the first answer's first token
  const logits = Array.from({ length: V }, (_, v) => zAlt(row.b, row.t, v));
  const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
  const weight = 1 / (1 + Math.exp(0.1 * (d[row.b] as number)));
  logits.forEach((x, v) => {
    const expected = weight * (Math.exp(x) / total - (v === row.label ? 1 : 0));
    expect(gradient[(row.b * T + row.t) * V + v]).toBeCloseTo(expected, 8);
  });
});

test("idk is one cross-entropy over the refusal's and the retain answer's tokens", async () => {
  const { loss } = await run("idk", {}, { alternate, retain: original }, "retain");
  const refusal = 2.0668534702 + 6.3989221827;
  const kept = 8.7865576405 + 6.1038211714;
  expect(loss).toBeCloseTo((refusal + kept) / (5 + 5), 8);
});

test("npo starts as gradient ascent on the summed likelihood, with weight one", async () => {
  const same: Side = { ...original, reference: z };
  const npo = await run("npo", { beta: 0.1, retainWeight: 0 }, { forget: same }, "forget");
  const ga = await run("ga", {}, { forget: same }, "forget");
  const N = 5;
  npo.gradient.forEach((g, i) => {
    expect(g).toBeCloseTo(((ga.gradient[i] as number) * N) / B, 10);
  });
});

test("only quantities that a weight depends on are computed before backward, and their logits twice", async () => {
  const sides = { forget: original, alternate, retain: original, retainAlternate: alternate };
  const twice = async (name: string, options = {}) => (await run(name, options, sides, "forget")).twice;
  for (const name of ["ga", "grad-diff", "wga", "satimp", "ce-u", "undial", "me", "rmu"])
    expect(await twice(name)).toEqual([]);
  expect(await twice("pdu", { epsilon: 1 })).toEqual([]);
  expect(await twice("npo")).toEqual(["forget"]);
  expect(await twice("dpo")).toEqual(["forget", "alternate"]);
  expect(await twice("ap")).toEqual(["retainAlternate", "retain"]);
});

test("the whole text counts for undial and me as released", async () => {
  const whole: Side = { ...original, labels: Yv };
  const undial = await run("undial", { peer: true }, { forget: whole }, "forget");
  expect(undial.loss).toBeCloseTo(2.3969530955, 9);
  const options = { forgetWeight: 1, retainWeight: 0, peer: true, paddedLength: T };
  for (const side of [whole, original]) {
    expect((await run("me", options, { forget: side }, "forget")).loss).toBeCloseTo(0.8761756138, 9);
  }
});

test("ce-u's gradient on a token has an L1 norm of 2·p over the tokens that count, of which the first is none", async () => {
  const { gradient } = await run("ce-u", {}, { forget: original }, "forget");
  const N = 3;
  const at = (b: number, t: number) => gradient.slice((b * T + t) * V, (b * T + t + 1) * V);
  for (const [b, t, label] of [
    [0, 2, 3],
    [0, 3, 0],
    [1, 1, 4],
  ] as const) {
    const logits = Array.from({ length: V }, (_, v) => z(b, t, v));
    const p = Math.exp(z(b, t, label)) / logits.reduce((sum, x) => sum + Math.exp(x), 0);
    expect(at(b, t).reduce((sum, x) => sum + Math.abs(x), 0)).toBeCloseTo((2 * p) / N, 10);
  }
  expect(Math.hypot(...at(0, 1), ...at(1, 0))).toBe(0);
});

test("rmu steers to the direction of its seed: mean square distances per answer, or as released", async () => {
  const { forget } = { forget: original };
  const steered = { layer: 0, steering: 2, retainWeight: 0 };
  const u = direction(createRandom(1).fork("direction").seed, D).map((x) => 2 * x);
  const rowsOf = [
    [2, 3, 4],
    [1, 2],
  ];
  const square = (b: number, t: number) => u.reduce((sum, x, k) => sum + (h(b, t, k) - x) ** 2, 0) / D;
  const sums = rowsOf.map((rows, b) => rows.reduce((sum, t) => sum + square(b, t), 0)) as [number, number];
  const { loss, gradient } = await run("rmu", steered, { forget }, "forget");
  expect(loss).toBeCloseTo((sums[0] / 3 + sums[1] / 2) / 2, 10);
  expect(gradient[(0 * T + 2) * D + 1]).toBeCloseTo((2 * (h(0, 2, 1) - (u[1] as number))) / D / 3 / 2, 10);
  expect(gradient[(1 * T + 3) * D]).toBe(0);
  const released = await run("rmu", { ...steered, peer: true }, { forget }, "forget");
  expect(released.loss).toBeCloseTo((((sums[0] + sums[1]) / 2) * (1 / 3 + 1 / 2)) / 2, 10);
});

test("the embedding term hits rmu's golden values against a fixed vector, as intended and as released", async () => {
  const target = [0.1, 0.4, 0.7, 0.2].map((x) => (2 * x) / Math.hypot(0.1, 0.4, 0.7, 0.2));
  const side: Side = { ...original, reference: (_b, _t, k) => target[k] as number };
  const options = { retain: "embedding", forgetWeight: 0, layer: 0 };
  const sides = { forget: original, retain: side };
  expect((await run("grad-diff", options, sides, "retain")).loss).toBeCloseTo(1.5430822115, 9);
  expect((await run("grad-diff", { ...options, peer: true }, sides, "retain")).loss).toBeCloseTo(1.6085220568, 9);
});

test("rmu's direction has length one, no negative part, and follows from its seed", () => {
  const u = direction("a", 50);
  expect(Math.hypot(...u)).toBeCloseTo(1, 12);
  expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
  expect(direction("a", 50)).toEqual(u);
  expect(direction("b", 50)).not.toEqual(u);
});

test("memorise is the cross-entropy of the text, and a retain term is asked for by its weight", async () => {
  const sides = { forget: original, retain: original };
  const alone = await run("memorise", {}, sides, "forget");
  expect(alone.terms).toEqual({});
  const { terms, loss } = await run("memorise", { retainWeight: 2 }, sides, "retain");
  expect(terms.forget).toBeCloseTo(alone.loss, 10);
  const kl = (await run("ga-kl", {}, sides, "retain")).terms.retain as number;
  expect(kl).toBeGreaterThan(0);
  expect(loss).toBeCloseTo(alone.loss + 2 * kl, 10);
});

test("retain terms add up with their weights, and each is logged", async () => {
  const sides = { forget: original, retain: original };
  const one = async (retain: string) =>
    (await run("npo", { retain, layer: 0 }, sides, "retain")).terms.retain as number;
  const options = { retain: { nll: 2, kl: 0.5, embedding: 3 }, layer: 0 };
  const { terms } = await run("npo", options, sides, "retain");
  expect(terms.retain).toBeCloseTo(2 * (await one("nll")) + 0.5 * (await one("kl")) + 3 * (await one("embedding")), 10);
  expect(terms["retain-kl"]).toBeCloseTo(await one("kl"), 10);
});

test.each([["foo"], [{ nll: 1, foo: 2 }], [{ kl: -1 }]])(
  "a retain term that is none, %j, is refused in words",
  async (retain) => {
    const chosen = choose(objectives, { name: "npo", retain });
    await expect(chosen).rejects.toBeInstanceOf(ConfigError);
    await expect(chosen).rejects.toThrow(/^objective "npo": .*retain/);
  },
);

test("entropy is maximised towards the uniform distribution in either direction of the divergence", async () => {
  const options = { forgetWeight: 1, retainWeight: 0, direction: "to-uniform" };
  const { loss, gradient } = await run("me", options, { forget: original }, "forget");
  const N = 5;
  /** log V − H(p) at a position. */
  const lack = (logits: readonly number[]) => {
    const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
    return Math.log(V) + logits.reduce((sum, x) => sum + (Math.exp(x) / total) * (x - Math.log(total)), 0);
  };
  const at = (b: number, t: number) => Array.from({ length: V }, (_, v) => z(b, t, v));
  const places = [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 0],
    [1, 1],
  ] as const;
  expect(loss).toBeCloseTo(places.reduce((sum, [b, t]) => sum + lack(at(b, t)), 0) / N, 10);
  const nudged = (delta: number) => lack(at(1, 0).map((x, v) => (v === 2 ? x + delta : x)));
  expect(gradient[T * V + 2]).toBeCloseTo((nudged(1e-5) - nudged(-1e-5)) / 2e-5 / N, 8);
});

test("satimp as released takes open-unlearning's weights, unless others are given", async () => {
  const sides = { forget: original, retain: original };
  const { loss, terms } = await run("satimp", {}, sides, "forget");
  expect(loss).toBeCloseTo((terms.forget as number) + 0.1 * (terms.retain as number), 12);
  expect((await run("satimp", { peer: true }, sides, "forget")).loss).toBeCloseTo(
    0.1 * (terms.forget as number) + (terms.retain as number),
    12,
  );
  expect((await run("satimp", { peer: true, retainWeight: 2 }, sides, "forget")).loss).toBeCloseTo(
    0.1 * (terms.forget as number) + 2 * (terms.retain as number),
    12,
  );
});
