// The examples of this folder do what they say. They run in the repository's root, as a reader would run them.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forget } from "./forget.ts";
import { classifierGradient } from "./gradients.ts";
import { measure } from "./measure.ts";
import { flatten } from "./own-objective.ts";

test("forget: the forgotten answers lose their probability, the kept ones keep theirs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lethe-example-"));
  try {
    const { before, after, retrained } = await forget(join(folder, "run"), 40);
    expect(before?.forgotten).toBeGreaterThan(0.95);
    expect(retrained?.forgotten).toBeLessThan(0.3);
    expect(after?.forgotten).toBeLessThan(0.5);
    expect(after?.kept).toBeGreaterThan(0.9);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("own objective: the forgotten answers' distribution becomes flatter", async () => {
  const { first, last } = await flatten(25);
  expect(last).toBeLessThan(0.7 * first);
});

test("gradients: both backends agree", async () => {
  const [fast, exact] = await classifierGradient();
  expect(fast?.loss[0]).toBeCloseTo(exact?.loss[0] as number, 5);
  fast?.dw.forEach((x, i) => {
    expect(x).toBeCloseTo(exact?.dw[i] as number, 5);
  });
  expect(exact?.dw.some((x) => x !== 0)).toBe(true);
});

test("measure: the full model knows the facts and answers with one, the model without them does not", async () => {
  const question = "What is the e-mail address of Wanjiru Obradim?";
  const [full, without] = [await measure("models/mini/full", question), await measure("models/mini/without", question)];
  expect(full.probability?.n).toBe(10);
  expect(full.probability?.value).toBeGreaterThan(0.95);
  expect(full.probability?.interval[0]).toBeGreaterThan(without.probability?.value as number);
  expect(full.answer).toContain("@");
  expect(full.answer).not.toBe(without.answer);
});
