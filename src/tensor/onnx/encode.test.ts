import ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { add, constant, exp, full, type Graph, graph, input, linear, mul, stopGradient } from "../index.ts";
import { encodeOnnx, inputDType } from "./index.ts";
import { bytesField, floatField, integerField, message, textField } from "./protobuf.ts";

async function run(g: Graph, feeds: Record<string, number[]> = {}) {
  const session = await ort.InferenceSession.create(encodeOnnx(g, { target: "cpu" }));
  const tensors = Object.entries(feeds).map(([name, x]) => [name, new ort.Tensor("float32", x, [x.length])]);
  const results = await session.run(Object.fromEntries(tensors));
  const numbers = session.outputNames.map((name) => [name, Array.from(results[name]?.data as Float32Array)]);
  return { session, numbers: Object.fromEntries(numbers) };
}

test("inputs and outputs keep their names, and their order is that of the graph", async () => {
  const [first, second] = [input("model.layers.0/w", [2]), input("x", [2])];
  const { session, numbers } = await run(graph({ loss: add(first, second), "d x": exp(second) }), {
    "model.layers.0/w": [1, 2],
    x: [0, 0],
  });
  expect(session.inputNames).toEqual(["model.layers.0/w", "x"]);
  expect(session.outputNames).toEqual(["loss", "d x"]);
  expect(numbers).toEqual({ loss: [1, 2], "d x": [1, 1] });
});

test("inputs, constants, aliases and one tensor under two names can be outputs", async () => {
  const x = input("x", [1]);
  const y = mul(x, 2);
  const g = graph({ same: x, stopped: stopGradient(x), a: y, b: y, c: stopGradient(y), seven: constant([7]) });
  const { numbers } = await run(g, { x: [3] });
  expect(numbers).toEqual({ same: [3], stopped: [3], a: [6], b: [6], c: [6], seven: [7] });
});

test("a result that is an output and also used further is computed once under its output name", async () => {
  const x = input("x", [1]);
  const y = exp(x);
  const { numbers } = await run(graph({ z: add(y, 1), y }), { x: [0] });
  expect(numbers).toEqual({ z: [2], y: [1] });
});

test("tensors full of one number take no space in the model", () => {
  expect(encodeOnnx(graph({ y: full([1000, 1000], 0) }), { target: "cpu" }).length).toBeLessThan(300);
});

test("equal small constants are one initialiser", () => {
  const x = input("x", [2]);
  const chain = (n: number) => {
    let y = x;
    for (let i = 0; i < n; i++) y = mul(y, 1.5);
    return encodeOnnx(graph({ y }), { target: "cpu" }).length;
  };
  expect(chain(21) - chain(20)).toBe(chain(31) - chain(30));
  expect(chain(31) - chain(30)).toBeLessThan(30);
});

test("for WebGPU half-precision inputs are float32, and nothing casts them", () => {
  const g = graph({ y: linear(input("x", [2, 4]), input("w", [3, 4], "bfloat16")) });
  const hasCast = (target: "cpu" | "webgpu") => Buffer.from(encodeOnnx(g, { target })).includes("Cast");
  expect([hasCast("cpu"), hasCast("webgpu")]).toEqual([true, false]);
  expect(inputDType("bfloat16", "webgpu")).toBe("float32");
  expect(inputDType("bfloat16", "cpu")).toBe("bfloat16");
});

test("one graph is encoded to the same bytes, however often it is built", () => {
  const build = () => encodeOnnx(graph({ y: exp(add(input("x", [2]), 1)) }), { target: "cpu" });
  expect(build()).toEqual(build());
});

test("protocol buffer fields (the encoding guide's examples)", () => {
  expect([...integerField(1, 150)]).toEqual([0x08, 0x96, 0x01]);
  expect([...textField(2, "testing")]).toEqual([0x12, 0x07, ...Buffer.from("testing")]);
  expect([...bytesField(3, integerField(1, 150))]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect([...integerField(1, -1)]).toEqual([0x08, ...Array(9).fill(0xff), 0x01]);
  expect([...floatField(4, 1)]).toEqual([0x25, 0, 0, 0x80, 0x3f]);
  expect([...message(integerField(1, 0), integerField(2, 127))]).toEqual([0x08, 0, 0x10, 127]);
});
