import { expect, test } from "vitest";
import { add, constant, exp, type Graph, graph, input, mul, reshape, structuralKey, sum } from "./index.ts";

const build = (
  change: { shape?: number[]; factor?: number; name?: string; output?: string; rows?: number } = {},
): Graph => {
  const x = input(change.name ?? "x", change.shape ?? [4]);
  return graph({ [change.output ?? "y"]: reshape(exp(mul(x, change.factor ?? 2)), [change.rows ?? 2, -1]) });
};

test("graphs that are built twice have one key", () => {
  expect(structuralKey(build())).toBe(structuralKey(build()));
  expect(structuralKey(build())).toMatch(/^[0-9a-f]{64}$/);
});

test.each([{ shape: [8] }, { factor: 3 }, { name: "z" }, { output: "z" }, { rows: 4 }])(
  "%o changes the key",
  (change) => {
    expect(structuralKey(build(change))).not.toBe(structuralKey(build()));
  },
);

test("the order in which nodes were made does not matter, the order of operands does", () => {
  const make = (swapOrder: boolean, swapOperands: boolean) => {
    const x = input("x", [2]);
    const first = swapOrder ? undefined : exp(x);
    const scaled = mul(x, 2);
    const e = first ?? exp(x);
    return structuralKey(graph({ y: swapOperands ? add(scaled, e) : add(e, scaled) }));
  };
  expect(make(true, false)).toBe(make(false, false));
  expect(make(false, true)).not.toBe(make(false, false));
});

test("recomputing is not the same as sharing", () => {
  const x = input("x", [2]);
  const e = exp(x);
  expect(structuralKey(graph({ y: add(e, e) }))).not.toBe(structuralKey(graph({ y: add(exp(x), exp(x)) })));
});

test("constants count by content and dtype", () => {
  const keyOf = (c: ReturnType<typeof constant>) => structuralKey(graph({ y: c }));
  expect(keyOf(constant([1, 2]))).toBe(keyOf(constant([1, 2])));
  expect(keyOf(constant([1, 2]))).not.toBe(keyOf(constant([1, 3])));
  expect(keyOf(constant([1, 2]))).not.toBe(keyOf(constant([1, 2], [2], "int32")));
  expect(keyOf(sum(constant([1, 2])))).toBe(keyOf(sum(constant([1, 2]))));
});
