// Every objective against published reference functions, executed in float64: value and gradient towards the logits (docs: methods' golden fixture).

import { expect, test } from "vitest";
import { type RowQuantityName, rowQuantities } from "../../models/row-quantities.ts";
import { evaluate } from "../../runtime/reference/index.ts";
import { gradients, input } from "../../tensor/index.ts";
import { type BranchName, type LossFeeds, traceLoss } from "../../training/loss.ts";
import { objectives } from "./index.ts";

const [B, T, V] = [2, 5, 6];
type Logits = (b: number, t: number, v: number) => number;
const z: Logits = (b, t, v) => 2 * Math.sin(1 + 7 * b + 3 * t + 2 * v);
const zRef: Logits = (b, t, v) => 2 * Math.cos(2 + 5 * b + 2 * t + 3 * v);
const zAlt: Logits = (b, t, v) => 1.5 * Math.sin(0.5 + 4 * b + 2 * t + 5 * v);
const zAltRef: Logits = (b, t, v) => 1.5 * Math.cos(1.5 + 3 * b + 4 * t + 2 * v);
const Y = [
  [-100, -100, 1, 3, 0],
  [-100, 2, 4, -100, -100],
];
const YAlt = [
  [-100, -100, 5, 2, -100],
  [-100, 0, 3, 1, -100],
];

interface Row {
  readonly b: number;
  /** Position whose logits predict. */
  readonly t: number;
  readonly label: number;
}

/** Labels are one position ahead of the logits that predict them. */
const labelled = (labels: number[][]): Row[] =>
  labels.flatMap((row, b) => row.flatMap((label, t) => (label < 0 || t === 0 ? [] : [{ b, t: t - 1, label }])));
const everywhere: Row[] = Array.from({ length: B * T }, (_, i) => ({ b: Math.floor(i / T), t: i % T, label: 0 }));
const countsOf = (rows: readonly Row[]) => [0, 1].map((b) => rows.filter((row) => row.b === b).length);

interface Side {
  readonly logits: Logits;
  readonly reference: Logits;
  readonly rows: readonly Row[];
}

const flat = (logits: Logits, rows: readonly Row[]) =>
  Float64Array.from(rows.flatMap(({ b, t }) => Array.from({ length: V }, (_, v) => logits(b, t, v))));

function quantity(side: Side, name: RowQuantityName) {
  const n = side.rows.length;
  const logits = input("logits", [n, V]);
  const tensor = rowQuantities[name].build({
    logits,
    labels: input("labels", [n], "int32"),
    referenceLogits: () => input("reference", [n, V]),
  });
  const feeds = {
    logits: flat(side.logits, side.rows),
    reference: flat(side.reference, side.rows),
    labels: Int32Array.from(side.rows.map((row) => row.label)),
  };
  return { tensor, logits, feeds };
}

/** Loss, and its gradient towards z of `wrt`'s side, [B, T, V]. */
async function run(name: string, options: object, sides: Partial<Record<BranchName, Side>>, wrt: BranchName) {
  const objective = await objectives.get(name);
  const loss = objective.loss(objective.options.parse(options));
  const layout = Object.fromEntries(
    Object.entries(sides).map(([branch, side]) => [branch, { counts: countsOf(side.rows) }]),
  );
  const traced = traceLoss(loss, layout);
  const quantities: Record<string, Record<string, Float64Array>> = {};
  for (const [branch, names] of Object.entries(traced.quantities)) {
    for (const quantityName of names ?? []) {
      const { tensor, feeds } = quantity(sides[branch as BranchName] as Side, quantityName);
      quantities[branch] = { ...quantities[branch], [quantityName]: evaluate({ q: tensor }, feeds).q as Float64Array };
    }
  }
  const referenceNll = Object.fromEntries(
    traced.referenceNll.map((branch) => {
      const side = sides[branch] as Side;
      const { tensor, feeds } = quantity({ ...side, logits: side.reference }, "nll");
      const nll = evaluate({ q: tensor }, feeds).q as Float64Array;
      return [branch, [0, 1].map((b) => nll.reduce((sum, x, i) => sum + (side.rows[i]?.b === b ? x : 0), 0))];
    }),
  );
  const feeds = { quantities, referenceNll } as LossFeeds;
  const gradient = new Float64Array(B * T * V);
  const side = sides[wrt] as Side;
  for (const [quantityName, cotangent] of Object.entries(traced.cotangents(feeds)[wrt] ?? {})) {
    const { tensor, logits, feeds: own } = quantity(side, quantityName as RowQuantityName);
    const [dz] = gradients([{ output: tensor, cotangent: input("cotangent", tensor.shape) }], [logits]);
    const values = evaluate({ dz: dz as typeof logits }, { ...own, cotangent }).dz as Float64Array;
    side.rows.forEach(({ b, t }, i) => {
      for (let v = 0; v < V; v++)
        gradient[(b * T + t) * V + v] = (gradient[(b * T + t) * V + v] as number) + (values[i * V + v] as number);
    });
  }
  return { loss: traced.values(feeds).loss, gradient, linear: traced.linear };
}

const original: Side = { logits: z, reference: zRef, rows: labelled(Y) };
const alternate: Side = { logits: zAlt, reference: zAltRef, rows: labelled(YAlt) };

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
    { forgetWeight: 0 },
    { forget: original, retain: { ...original, rows: everywhere } },
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
  const row = alternate.rows[0] as Row;
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
  expect(loss).toBeCloseTo((refusal + kept) / (alternate.rows.length + original.rows.length), 8);
});

test("npo starts as gradient ascent on the summed likelihood, with weight one", async () => {
  const same: Side = { ...original, reference: z };
  const npo = await run("npo", { beta: 0.1, retainWeight: 0 }, { forget: same }, "forget");
  const ga = await run("ga", {}, { forget: same }, "forget");
  const N = original.rows.length;
  npo.gradient.forEach((g, i) => {
    expect(g).toBeCloseTo(((ga.gradient[i] as number) * N) / B, 10);
  });
});

test("losses that are linear in their row quantities say so: the logits are then computed once", async () => {
  expect((await run("grad-diff", {}, { forget: original, retain: original }, "forget")).linear).toBe(true);
  expect((await run("npo", {}, { forget: original, retain: original }, "forget")).linear).toBe(false);
});
