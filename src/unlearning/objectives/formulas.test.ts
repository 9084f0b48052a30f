// Objectives against their formulas written out anew: gradients, how they begin, how their terms add up, and what they need before backward.

import { expect, test } from "vitest";
import { ConfigError } from "../../core/errors.ts";
import { createRandom } from "../../core/random.ts";
import { direction } from "../../models/block-quantities.ts";
import { choose } from "../choose.ts";
import { alternate, B, D, evaluateObjective, h, original, type Side, T, V, z, zAlt } from "./fixtures/two-answers.ts";
import { objectives } from "./index.ts";

test("dpo's gradient raises the alternate answer by closed form: +(2/B)·σ(−β d)·(p − e_y)", async () => {
  const { gradient } = await evaluateObjective(
    "dpo",
    { beta: 0.1, retainWeight: 0 },
    { forget: original, alternate },
    "alternate",
  );
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

test("npo starts as gradient ascent on the summed likelihood, with weight one", async () => {
  const same: Side = { ...original, reference: z };
  const npo = await evaluateObjective("npo", { beta: 0.1, retainWeight: 0 }, { forget: same }, "forget");
  const ga = await evaluateObjective("ga", {}, { forget: same }, "forget");
  const N = 5;
  npo.gradient.forEach((g, i) => {
    expect(g).toBeCloseTo(((ga.gradient[i] as number) * N) / B, 10);
  });
});

test("ce-u's gradient on a token has an L1 norm of 2·p over the tokens that count, of which the first is none", async () => {
  const { gradient } = await evaluateObjective("ce-u", {}, { forget: original }, "forget");
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
  const { loss, gradient } = await evaluateObjective("rmu", steered, { forget }, "forget");
  expect(loss).toBeCloseTo((sums[0] / 3 + sums[1] / 2) / 2, 10);
  expect(gradient[(0 * T + 2) * D + 1]).toBeCloseTo((2 * (h(0, 2, 1) - (u[1] as number))) / D / 3 / 2, 10);
  expect(gradient[(1 * T + 3) * D]).toBe(0);
  const released = await evaluateObjective("rmu", { ...steered, peer: true }, { forget }, "forget");
  expect(released.loss).toBeCloseTo((((sums[0] + sums[1]) / 2) * (1 / 3 + 1 / 2)) / 2, 10);
});

test("rmu's direction has length one, no negative part, and follows from its seed", () => {
  const u = direction("a", 50);
  expect(Math.hypot(...u)).toBeCloseTo(1, 12);
  expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
  expect(direction("a", 50)).toEqual(u);
  expect(direction("b", 50)).not.toEqual(u);
});

test("entropy is maximised towards the uniform distribution in either direction of the divergence", async () => {
  const options = { forgetWeight: 1, retainWeight: 0, direction: "to-uniform" };
  const { loss, gradient } = await evaluateObjective("me", options, { forget: original }, "forget");
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

test("memorise is the cross-entropy of the text, and a retain term is asked for by its weight", async () => {
  const sides = { forget: original, retain: original };
  const alone = await evaluateObjective("memorise", {}, sides, "forget");
  expect(alone.terms).toEqual({});
  const { terms, loss } = await evaluateObjective("memorise", { retainWeight: 2 }, sides, "retain");
  expect(terms.forget).toBeCloseTo(alone.loss, 10);
  const kl = (await evaluateObjective("ga-kl", {}, sides, "retain")).terms.retain as number;
  expect(kl).toBeGreaterThan(0);
  expect(loss).toBeCloseTo(alone.loss + 2 * kl, 10);
});

test("satimp as released takes open-unlearning's weights, unless others are given", async () => {
  const sides = { forget: original, retain: original };
  const { loss, terms } = await evaluateObjective("satimp", {}, sides, "forget");
  expect(loss).toBeCloseTo((terms.forget as number) + 0.1 * (terms.retain as number), 12);
  expect((await evaluateObjective("satimp", { peer: true }, sides, "forget")).loss).toBeCloseTo(
    0.1 * (terms.forget as number) + (terms.retain as number),
    12,
  );
  expect((await evaluateObjective("satimp", { peer: true, retainWeight: 2 }, sides, "forget")).loss).toBeCloseTo(
    0.1 * (terms.forget as number) + 2 * (terms.retain as number),
    12,
  );
});

test("retain terms add up with their weights, and each is logged", async () => {
  const sides = { forget: original, retain: original };
  const one = async (retain: string) =>
    (await evaluateObjective("npo", { retain, layer: 0 }, sides, "retain")).terms.retain as number;
  const options = { retain: { nll: 2, kl: 0.5, embedding: 3 }, layer: 0 };
  const { terms } = await evaluateObjective("npo", options, sides, "retain");
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

test("only quantities that a weight depends on are computed before backward, and their logits twice", async () => {
  const sides = { forget: original, alternate, retain: original, retainAlternate: alternate };
  const twice = async (name: string, options = {}) => (await evaluateObjective(name, options, sides, "forget")).twice;
  for (const name of ["ga", "grad-diff", "wga", "satimp", "ce-u", "undial", "me", "rmu"])
    expect(await twice(name)).toEqual([]);
  expect(await twice("pdu", { epsilon: 1 })).toEqual([]);
  expect(await twice("npo")).toEqual(["forget"]);
  expect(await twice("dpo")).toEqual(["forget", "alternate"]);
  expect(await twice("ap")).toEqual(["retainAlternate", "retain"]);
});
