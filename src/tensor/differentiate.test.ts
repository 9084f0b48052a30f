import { expect, test } from "vitest";
import { evaluate } from "../runtime/reference/index.ts";
import {
  abs,
  add,
  addAtPicked,
  constant,
  exp,
  expand,
  gather,
  gradients,
  input,
  linear,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  mean,
  mul,
  neg,
  nodesOf,
  pick,
  relu,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from "./index.ts";

const opsOf = (...tensors: Tensor[]) => nodesOf(tensors).map((node) => node.op);
const numbersOf = (y: Tensor, feeds: Record<string, number[]> = {}) =>
  Array.from(
    evaluate({ y }, Object.fromEntries(Object.entries(feeds).map(([name, x]) => [name, Float64Array.from(x)]))).y ?? [],
  );

test("a cotangent that only begins with zeros is not taken for one of picked elements", () => {
  const x = input("x", [3, 2]);
  const base = expand(constant([0, 5], [1, 2]), [3, 2]);
  const cotangent = addAtPicked(base, constant([0, 1, 0], [3], "int32"), constant([1, 1, 1], [3]));
  const [got] = gradients([{ output: logSoftmax(x), cotangent }], [x]) as [Tensor];
  const dy = add(cotangent, 0); // the same numbers, their structure hidden
  const [expected] = gradients([{ output: logSoftmax(x), cotangent: dy }], [x]) as [Tensor];
  const feeds = { x: [0.1, -0.3, 2, 1, 0, 0.5] };
  const wanted = numbersOf(expected, feeds);
  numbersOf(got, feeds).forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i] as number, 12);
  });
  expect(wanted[0]).toBeCloseTo(1 - 6 / (1 + Math.exp(-0.4)), 12);
});

test("the cotangent of a scalar output is 1 unless given", () => {
  const x = input("x", [2]);
  const loss = sum(mul(x, x));
  const [plain] = gradients(loss, [x]) as [Tensor];
  const [scaled] = gradients([{ output: loss, cotangent: constant(10) }], [x]) as [Tensor];
  expect(numbersOf(plain, { x: [1, 3] })).toEqual([2, 6]);
  expect(numbersOf(scaled, { x: [1, 3] })).toEqual([20, 60]);
});

test("several outputs add up, and a tensor may be an output and on the way to another", () => {
  const x = input("x", []);
  const y = mul(x, 3);
  const [dx, dy] = gradients([y, mul(y, y)], [x, y]) as [Tensor, Tensor];
  expect(numbersOf(dx, { x: [2] })).toEqual([39]);
  expect(numbersOf(dy, { x: [2] })).toEqual([13]);
});

test("nothing is built toward inputs that were not asked for", () => {
  const [x, w, frozen] = [input("x", [4, 3]), input("w", [5, 3]), input("frozen", [3, 3])];
  const [dw] = gradients(sum(linear(linear(x, frozen), w)), [w]) as [Tensor];
  expect(opsOf(dw).filter((op) => op === "gemm")).toHaveLength(2);
  expect(nodesOf([dw]).some((node) => node.name === "w")).toBe(false);
  const created = (wrt: Tensor[]) => {
    const loss = sum(linear(linear(x, frozen), w));
    gradients(loss, wrt);
    return input("later", []).id - loss.id;
  };
  expect(created([w])).toBeLessThan(created([frozen]));
  expect(created([frozen])).toBeLessThan(created([frozen, w]));
});

test("a tensor that no output depends on gets zeros in its shape", () => {
  const [x, other] = [input("x", [2]), input("other", [2, 3])];
  const [zeros, stopped] = gradients(sum(stopGradient(x)), [other, x]) as [Tensor, Tensor];
  expect(zeros.shape).toEqual([2, 3]);
  expect(numbersOf(zeros)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(numbersOf(stopped)).toEqual([0, 0]);
});

test("gradients of linear layers are gemm calls without transposes", () => {
  const [x, w, b] = [input("x", [4, 3]), input("w", [5, 3]), input("b", [5])];
  const ops = opsOf(...gradients(sum(exp(linear(x, w, b))), [x, w, b]));
  expect(ops.filter((op) => op === "gemm")).toHaveLength(3);
  expect(ops).not.toContain("transpose");
});

test.each([
  ["logSumExp − pick", (x: Tensor, i: Tensor) => mean(sub(logSumExp(x), pick(x, i)))],
  ["−pick of logSoftmax", (x: Tensor, i: Tensor) => mean(neg(pick(logSoftmax(x), i)))],
])("cross-entropy as %s makes no tensor of zeros over the vocabulary", (_, loss) => {
  const x = input("x", [4, 1000]);
  const [dx] = gradients(loss(x, input("i", [4], "int32")), [x]) as [Tensor];
  const nodes = nodesOf([dx]);
  expect(nodes.filter(({ op, shape }) => op === "expand" && shape.at(-1) === 1000)).toEqual([]);
  expect(nodes.filter(({ op, shape }) => op === "add" && shape.at(-1) === 1000)).toEqual([]);
});

test("half-precision weights get float32 gradients", () => {
  const w = input("w", [5, 3], "bfloat16");
  const [dw] = gradients(sum(gather(w, input("i", [2], "int32"))), [w]) as [Tensor];
  expect(dw).toMatchObject({ dtype: "float32", shape: [5, 3] });
});

test("kinks: |x| and relu have slope 0 at 0, equal maxima share", () => {
  const x = input("x", [3]);
  const slopeOf = (y: Tensor) => numbersOf(gradients(sum(y), [x])[0] as Tensor, { x: [0, 2, 2] });
  expect(slopeOf(abs(x))).toEqual([0, 1, 1]);
  expect(slopeOf(relu(x))).toEqual([0, 1, 1]);
  expect(slopeOf(max(x))).toEqual([0, 0.5, 0.5]);
  expect(slopeOf(maximum(x, 2))).toEqual([0, 0.5, 0.5]);
});

test("gradients can be differentiated again", () => {
  const x = input("x", []);
  const [first] = gradients(mul(mul(x, x), x), [x]) as [Tensor];
  const [second] = gradients(first, [x]) as [Tensor];
  expect(numbersOf(second, { x: [5] })).toEqual([30]);
});

test("long chains do not exhaust the stack", () => {
  const x = input("x", []);
  let y = x;
  for (let i = 0; i < 20_000; i++) y = add(y, 1);
  expect(numbersOf(gradients(y, [x])[0] as Tensor, { x: [0] })).toEqual([1]);
});
