import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { LetheError } from "../../core/errors.ts";
import { add, gemm, graph, input, mul, sigmoid, sum, tanh } from "../../tensor/index.ts";
import type { Program, Value } from "../backend.ts";
import { createOrtBackend, type OrtBackend } from "./index.ts";

const sumOf = (shape: readonly number[]) => graph({ y: add(input("a", shape), input("b", shape)) });
const floats = (...numbers: number[]) => Float32Array.from(numbers);

/** Runs for about `milliseconds` on one thread of a middling machine, in steps of a few milliseconds. */
function slowGraph(steps: number) {
  const size = 512;
  let x = input("x", [size, size]);
  const w = input("w", [size, size]);
  for (let i = 0; i < steps; i++) x = tanh(gemm(x, w));
  return graph({ y: x });
}

async function withSlowProgram(
  steps: number,
  use: (backend: OrtBackend, program: Program, inputs: Record<string, Value>) => Promise<void>,
) {
  using backend = await createOrtBackend();
  using program = await backend.compile(slowGraph(steps));
  using x = backend.allocate([512, 512]);
  using w = backend.allocate([512, 512]);
  await use(backend, program, { x, w });
}

async function errorOf(work: () => unknown): Promise<LetheError> {
  try {
    await work();
  } catch (error) {
    expect(LetheError.isInstance(error), String(error)).toBe(true);
    return error as LetheError;
  }
  throw new Error("nothing was thrown");
}

test("a program adds, and its result is read without a copy", async () => {
  using backend = await createOrtBackend();
  using program = await backend.compile(sumOf([2, 2]));
  using a = backend.value(floats(1, 2, 3, 4), [2, 2]);
  using b = backend.value(floats(10, 20, 30, 40), [2, 2]);
  const { y } = (await program.run({ a, b })) as { y: Value };
  expect(y).toMatchObject({ shape: [2, 2], dtype: "float32", byteLength: 16 });
  const read = await backend.read(y);
  expect([...read]).toEqual([11, 22, 33, 44]);
  expect((await backend.read(y)).buffer).toBe(read.buffer);
  y.dispose();
});

test("a value is its array: later writes are seen, and results written to it appear in it", async () => {
  using backend = await createOrtBackend();
  using program = await backend.compile(sumOf([2]));
  const data = floats(1, 2);
  const target = floats(0, 0);
  using a = backend.value(data, [2]);
  using y = backend.value(target, [2]);
  data[0] = 100;
  const results = await program.run({ a, b: a }, { outputs: { y } });
  expect(results.y).toBe(y);
  expect([...target]).toEqual([200, 4]);
  await backend.write(a, floats(7, 8));
  expect([...data]).toEqual([7, 8]);
});

test("every dtype goes in and comes out", async () => {
  using backend = await createOrtBackend();
  const cases = [
    ["float32", floats(1.5, -2)],
    ["bfloat16", Uint16Array.of(0x3f80, 0xc000)],
    ["float16", Uint16Array.of(0x3c00, 0xc000)],
    ["int32", Int32Array.of(-5, 7)],
    ["int64", BigInt64Array.of(-5n, 2n ** 40n)],
    ["bool", Uint8Array.of(1, 0)],
  ] as const;
  for (const [dtype, data] of cases) {
    using program = await backend.compile(graph({ y: input("x", [2], dtype) }));
    using x = backend.value(data, [2], dtype);
    const { y } = await program.run({ x });
    expect(y?.dtype).toBe(dtype);
    expect(await backend.read(y as Value)).toEqual(data);
    y?.dispose();
  }
});

test("scalars and empty tensors are values", async () => {
  using backend = await createOrtBackend();
  using scalar = backend.value(floats(3), []);
  using program = await backend.compile(graph({ y: mul(input("x", []), input("x2", [])) }));
  const { y } = await program.run({ x: scalar, x2: scalar });
  expect([...(await backend.read(y as Value))]).toEqual([9]);
  using empty = backend.allocate([0, 4]);
  expect(empty.byteLength).toBe(0);
  expect(await backend.read(empty)).toHaveLength(0);
});

describe("what ONNX Runtime cannot do is said", async () => {
  const backend = await createOrtBackend();
  const good = backend.allocate([2, 3]);
  const cases: Array<[string, () => unknown, string, RegExp]> = [
    ["float64", () => backend.value(Float64Array.of(1), [1]), "shape", /does not say its dtype/],
    ["impossible threads", () => createOrtBackend({ threads: 0 }), "config", /threads is 0/],
    ["an unknown device", () => createOrtBackend({ device: "tpu" as "cpu" }), "config", /"tpu"/],
    [
      "a model that is no model",
      () => backend.compileOnnx({ onnx: Uint8Array.of(1, 2, 3), inputs: {}, outputs: { y: good } }),
      "runtime",
      /program \(y\) does not compile/,
    ],
  ];
  test.each(cases)("%s", async (_, work, code, message) => {
    const error = await errorOf(work);
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });
});

test("a model whose output is not as declared is refused instead of read out of bounds", async () => {
  const { encodeOnnx } = await import("../../tensor/onnx/index.ts");
  using backend = await createOrtBackend();
  const onnx = encodeOnnx(sumOf([2]), { target: "cpu" });
  const small = { shape: [2], dtype: "float32" } as const;
  const lie = { y: { shape: [1000], dtype: "float32" } } as const;
  using program = await backend.compileOnnx({ onnx, inputs: { a: small, b: small }, outputs: lie });
  using a = backend.allocate([2]);
  expect((await errorOf(() => program.run({ a, b: a }))).message).toContain("the model gave 8 bytes");
});

test("a value that was given for a result stays the caller's when another result is refused", async () => {
  const { encodeOnnx } = await import("../../tensor/onnx/index.ts");
  using backend = await createOrtBackend();
  const a = input("a", [2]);
  const onnx = encodeOnnx(graph({ y: add(a, a), z: mul(a, a) }), { target: "cpu" });
  const small = { shape: [2], dtype: "float32" } as const;
  const lie = { shape: [1000], dtype: "float32" } as const;
  using program = await backend.compileOnnx({ onnx, inputs: { a: small }, outputs: { y: small, z: lie } });
  using value = backend.value(floats(1, 2), [2]);
  using y = backend.allocate([2]);
  expect((await errorOf(() => program.run({ a: value }, { outputs: { y } }))).message).toContain(
    "the model gave 8 bytes",
  );
  expect([...(await backend.read(y))]).toEqual([2, 4]);
});

test("what a run under way uses is released only after it", async () => {
  const backend = await createOrtBackend();
  const program = await backend.compile(slowGraph(20));
  const x = backend.allocate([512, 512]);
  const w = backend.value(new Float32Array(512 * 512).fill(0.01), [512, 512]);
  const running = program.run({ x, w });
  const waiting = program.run({ x, w });
  for (const item of [x, w, program, backend]) item.dispose();
  using reader = await createOrtBackend();
  for (const { y } of (await Promise.all([running, waiting])) as Array<{ y: Value }>) {
    expect((await reader.read(y))[0]).toBe(0);
    y.dispose();
  }
});

test("results outlive their program and their backend", async () => {
  const backend = await createOrtBackend();
  const program = await backend.compile(sumOf([1000]));
  using a = backend.value(new Float32Array(1000).fill(2), [1000]);
  const { y } = (await program.run({ a, b: a })) as { y: Value };
  const view = await backend.read(y);
  program.dispose();
  backend.dispose();
  expect(view.every((number) => number === 4)).toBe(true);
  y.dispose();
});

test("two backends in one process compute at the same time", async () => {
  using first = await createOrtBackend();
  using second = await createOrtBackend({ threads: first.details.threads + 1 });
  expect(first.details.threadPool).toBe("one for the process");
  expect(second.details.threadPool).toBe("one per program");
  const work = async (backend: OrtBackend, number: number) => {
    using program = await backend.compile(slowGraph(3));
    using x = backend.value(new Float32Array(512 * 512).fill(number), [512, 512]);
    using w = backend.value(
      Float32Array.from({ length: 512 * 512 }, (_, i) => (i % 513 === 0 ? 1 : 0)),
      [512, 512],
    );
    const found: number[] = [];
    for (let i = 0; i < 20; i++) {
      using y = (await program.run({ x, w })).y as Value;
      found.push((await backend.read(y))[i] as number);
    }
    return found;
  };
  const expected = (number: number) => Math.tanh(Math.tanh(Math.tanh(number)));
  const found = await Promise.all([work(first, 0.5), work(second, -0.25)]);
  [0.5, -0.25].forEach((number, i) => {
    for (const value of found[i] ?? []) expect(value).toBeCloseTo(expected(number), 5);
  });
});

describe("a run is cancelled", () => {
  test.each([0, 20, 100])("%i ms after its start, with the signal's reason", async (delay) => {
    await withSlowProgram(400, async (_, program, inputs) => {
      const reason = new Error("enough");
      const control = new AbortController();
      const started = performance.now();
      const running = program.run(inputs, { signal: control.signal });
      setTimeout(() => control.abort(reason), delay);
      await expect(running).rejects.toBe(reason);
      expect(performance.now() - started).toBeGreaterThanOrEqual(delay - 1);
      expect(getEventListeners(control.signal, "abort")).toHaveLength(0);
    });
  });

  test("before it starts, while it waits, and the program works afterwards", async () => {
    await withSlowProgram(100, async (backend, program, inputs) => {
      const before = AbortSignal.abort();
      await expect(program.run(inputs, { signal: before })).rejects.toBe(before.reason);
      const control = new AbortController();
      const first = program.run(inputs);
      const second = program.run(inputs, { signal: control.signal });
      control.abort();
      await expect(second).rejects.toMatchObject({ name: "AbortError" });
      using y = (await first).y as Value;
      using again = (await program.run(inputs)).y as Value;
      expect((await backend.read(again))[0]).toBe((await backend.read(y))[0]);
    });
  });
});

test("the event loop stays free while a program runs", async () => {
  await withSlowProgram(300, async (_, program, inputs) => {
    let ticks = 0;
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      ticks++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const started = performance.now();
    (await program.run(inputs)).y?.dispose();
    const took = performance.now() - started;
    clearInterval(timer);
    expect(took).toBeGreaterThan(100);
    // Far fewer than possible: the machine may be busy with other things. A blocked loop has one.
    expect(ticks).toBeGreaterThan((took / 5) * 0.1);
    expect(longest).toBeLessThan(took / 2);
  });
});

test("a long chain of short programs lets timers through", async () => {
  using backend = await createOrtBackend();
  using program = await backend.compile(sumOf([2]));
  using a = backend.allocate([2]);
  using y = backend.allocate([2]);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const end = performance.now() + 300;
  let runs = 0;
  for (; performance.now() < end; runs++) await program.run({ a, b: a }, { outputs: { y } });
  clearInterval(timer);
  expect(runs).toBeGreaterThan(100);
  // Without letting go it would be none.
  expect(ticks).toBeGreaterThan(0);
});

test("thousands of values and runs, and hundreds of programs, leave memory as it was", async () => {
  using backend = await createOrtBackend();
  const cycle = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const shape = [64, 1 + (i % 50)];
      let y = add(input("a", shape), input("b", shape));
      for (let k = 0; k < 20; k++) y = tanh(y);
      using program = await backend.compile(graph({ y }));
      using a = backend.allocate(shape);
      for (let k = 0; k < 5; k++) (await program.run({ a, b: a })).y?.dispose();
    }
  };
  await cycle(200);
  const before = process.memoryUsage().rss;
  await cycle(800);
  // A session that is not released costs 0.14 MiB.
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(60);
});

test("values that were forgotten are released when they are collected", async () => {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  using backend = await createOrtBackend();
  const size = 1 << 20;
  using program = await backend.compile(sumOf([size]));
  using a = backend.value(new Float32Array(size).fill(1), [size]);
  let view: ArrayLike<number | bigint> | undefined;
  for (let i = 0; i < 300; i++) {
    const { y } = await program.run({ a, b: a });
    // This view must keep its value while all others go.
    if (i === 0) {
      view = await backend.read(y as Value);
      await backend.write(a, new Float32Array(size));
    }
    if (i % 30 === 0) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  expect(view?.[size - 1]).toBe(2);
  // 300 results of 4 MiB each.
  expect(process.memoryUsage().rss).toBeLessThan(900 * 2 ** 20);
});

test("twenty programs share the working memory of one", async () => {
  using backend = await createOrtBackend();
  const programs: Program[] = [];
  // Address space that is in use and is not JavaScript's.
  const native = () => (process.memoryUsage().rss - process.memoryUsage().arrayBuffers) / 2 ** 20;
  const data = new Float32Array(1024 * 2068);
  let before = 0;
  for (let i = 0; i < 20; i++) {
    const shape = [1024, 2048 + i];
    const x = input("x", shape);
    // Two intermediate results of 8 MiB are alive at once.
    const program = await backend.compile(graph({ y: sum(mul(tanh(x), sigmoid(x))) }));
    programs.push(program);
    using value = backend.value(data.subarray(0, 1024 * (2048 + i)), shape);
    (await program.run({ x: value })).y?.dispose();
    if (i === 3) before = native();
  }
  // The 16 after the fourth would take 256 MiB if each had its own.
  expect(native() - before).toBeLessThan(64);
  for (const program of programs) program.dispose();
});
