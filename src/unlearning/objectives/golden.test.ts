// Every objective against published reference functions, executed in float64: value and gradient towards the logits (docs: methods' golden fixture).

import { expect, test } from "vitest";
import { alternate, evaluateObjective, original, type Side, T, V } from "./fixtures/two-answers.ts";

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
    const { loss, gradient } = await evaluateObjective(name, options, sides, wrt);
    const digits = (expected: number) => Math.min(1e-6, Math.max(Math.abs(expected) * 1e-3, 5e-11));
    const near = (actual: number, expected: number) =>
      expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(digits(expected));
    near(loss, value);
    near(Math.hypot(...gradient), norm);
    near(gradient[1 * V + 1] as number, g011);
    near(gradient[T * V] as number, g100);
  });
}

test("idk is one cross-entropy over the refusal's and the retain answer's tokens", async () => {
  const { loss } = await evaluateObjective("idk", {}, { alternate, retain: original }, "retain");
  const refusal = 2.0668534702 + 6.3989221827;
  const kept = 8.7865576405 + 6.1038211714;
  expect(loss).toBeCloseTo((refusal + kept) / (5 + 5), 8);
});

test("the whole text counts for undial and me as released", async () => {
  const everywhere = [
    [0, 2, 1, 3, 0],
    [1, 2, 4, 5, 1],
  ];
  const whole: Side = { ...original, labels: everywhere };
  const undial = await evaluateObjective("undial", { peer: true }, { forget: whole }, "forget");
  expect(undial.loss).toBeCloseTo(2.3969530955, 9);
  const options = { forgetWeight: 1, retainWeight: 0, peer: true, paddedLength: T };
  for (const side of [whole, original]) {
    expect((await evaluateObjective("me", options, { forget: side }, "forget")).loss).toBeCloseTo(0.8761756138, 9);
  }
});

test("the embedding term hits rmu's golden values against a fixed vector, as intended and as released", async () => {
  const target = [0.1, 0.4, 0.7, 0.2].map((x) => (2 * x) / Math.hypot(0.1, 0.4, 0.7, 0.2));
  const side: Side = { ...original, reference: (_b, _t, k) => target[k] as number };
  const options = { retain: "embedding", forgetWeight: 0, layer: 0 };
  const sides = { forget: original, retain: side };
  expect((await evaluateObjective("grad-diff", options, sides, "retain")).loss).toBeCloseTo(1.5430822115, 9);
  expect((await evaluateObjective("grad-diff", { ...options, peer: true }, sides, "retain")).loss).toBeCloseTo(
    1.6085220568,
    9,
  );
});
