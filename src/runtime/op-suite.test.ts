// The op suite is complete, its gradients agree with finite differences on the reference, and ONNX Runtime's CPU provider agrees with the reference.

import { describe, expect, test } from "vitest";
import { gradientRules, noGradient } from "../tensor/gradients.ts";
import { nodesOf, opTable } from "../tensor/index.ts";
import { distance, type PreparedCase, prepareCase, runOpSuite } from "./fixtures/op-suite.ts";
import { type OpCase, opCases } from "./fixtures/op-suite-cases.ts";
import { createOrtBackend } from "./ort/index.ts";
import { createReferenceBackend, evaluate } from "./reference/index.ts";

describe("completeness", () => {
  test.each(Object.keys(opTable))("%s has a case", (op) => {
    const cases = opCases.filter((opCase) => opCase.op === op);
    expect(cases).not.toHaveLength(0);
    for (const opCase of cases) {
      const nodes = nodesOf(Object.values(prepareCase(opCase).graph.outputs));
      expect(nodes.map((node) => node.op)).toContain(op);
    }
  });

  const refusing = ["groupQueryAttention", "extraOutput"];
  const differentiable = Object.entries(gradientRules).flatMap(([op, rule]) => (rule === noGradient ? [] : [op]));
  test.each(differentiable.filter((op) => !refusing.includes(op)))("the gradient rule of %s has a case", (op) => {
    expect(opCases.some((opCase) => opCase.op === op && opCase.gradient.length > 0)).toBe(true);
  });
  test.each(refusing)("%s refuses to be differentiated", (op) => {
    const opCase = opCases.find((one) => one.op === op) as OpCase;
    expect(() => prepareCase({ ...opCase, gradient: ["q"] })).toThrow(/has no gradient/);
  });

  test("names are unique", () => {
    expect(new Set(opCases.map(({ name }) => name)).size).toBe(opCases.length);
  });
});

test.each(opCases.filter(({ gradient }) => gradient.length > 0).map((opCase) => [opCase.name, opCase] as const))(
  "gradient by finite differences: %s",
  (_, opCase) => {
    const prepared = prepareCase(opCase);
    const results = evaluate(prepared.graph, prepared.feeds);
    for (const name of opCase.gradient) {
      const numeric = centralDifferences(prepared, name);
      const scale = Math.max(1, ...numeric.map(Math.abs));
      numeric.forEach((expected, i) => {
        const got = results[`d ${name}`]?.[i] as number;
        expect(Math.abs(got - expected) / scale, `d ${name}[${i}]: ${got}, expected ${expected}`).toBeLessThan(1e-6);
      });
    }
  },
);

/** d Σ dy · y / d x[i] for every element of one input. */
function centralDifferences({ graph, feeds }: PreparedCase, name: string): number[] {
  const step = 1e-5;
  const objectiveAt = (i: number, offset: number) => {
    const moved = Float64Array.from(feeds[name] as Float64Array);
    moved[i] = (moved[i] as number) + offset;
    const results = evaluate(graph, { ...feeds, [name]: moved });
    const terms = Object.keys(graph.outputs).filter((output) => `dy ${output}` in feeds);
    return terms.reduce((total, output) => {
      const dy = feeds[`dy ${output}`] as Float64Array;
      return (results[output] as Float64Array).reduce((sum, y, j) => sum + y * (dy[j] as number), total);
    }, 0);
  };
  return Array.from(feeds[name] as Float64Array, (_, i) => (objectiveAt(i, step) - objectiveAt(i, -step)) / (2 * step));
}

test("every op and gradient on ONNX Runtime's CPU provider equals the reference", async () => {
  using backend = await createOrtBackend({ device: "cpu" });
  using reference = createReferenceBackend();
  const results = await runOpSuite(backend, reference);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results).toHaveLength(opCases.length);
});

test("the suite reports a backend that computes something else", async () => {
  using reference = createReferenceBackend();
  const wrong = { ...reference, read: async () => new Float64Array(21).fill(7) };
  const results = await runOpSuite(
    wrong,
    reference,
    opCases.filter(({ name }) => name === "exp"),
  );
  expect(results[0]).toMatchObject({ name: "exp", passed: false, message: expect.stringContaining("differs") });
});

test("a small number that is wrong beside a large one is seen, as is one too many", () => {
  expect(distance([1, 0.0101], [1, 0.01])).toBeGreaterThan(1);
  expect(distance([1, 0.01, 0], [1, 0.01])).toBe(Infinity);
  expect(distance([1], [1, 0.01])).toBe(Infinity);
  expect(distance([1, Number.NaN], [1, 0.01])).toBe(Infinity);
  expect(distance([1, 0.01], [1, 0.01])).toBe(0);
});
