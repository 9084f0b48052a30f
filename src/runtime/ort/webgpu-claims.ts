// Run by webgpu.test.ts in a process of its own, which has a GPU: checks each claim and prints what failed as JSON, name → message.
// With an argument it does one thing and ends: "exit" with queued work, "dispose" likewise after disposal.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { add, gemm, graph, input, mul, sub, tanh } from "../../tensor/index.ts";
import type { Value } from "../backend.ts";
import { mapFile } from "../mapped-file.ts";
import { createOrtBackend, type OrtBackend } from "./index.ts";

type Claim = (gpu: OrtBackend) => Promise<void>;

const sumOf = (shape: readonly number[]) => graph({ y: add(input("a", shape), input("b", shape)) });
const floats = (...numbers: number[]) => Float32Array.from(numbers);

export const claims: Readonly<Record<string, Claim>> = {
  "a program adds": async (gpu) => {
    using program = await gpu.compile(sumOf([3]));
    using a = gpu.value(floats(1, 2, 3), [3]);
    using y = (await program.run({ a, b: a })).y as Value;
    assert.deepEqual(await gpu.read(y), floats(2, 4, 6));
  },
  "results are the next inputs and stay on the device": async (gpu) => {
    using program = await gpu.compile(sumOf([1000]));
    using one = gpu.value(new Float32Array(1000).fill(1), [1000]);
    let state = gpu.allocate([1000]);
    for (let step = 0; step < 100; step++) {
      const { y } = await program.run({ a: state, b: one });
      state.dispose();
      state = y as Value;
    }
    assert.deepEqual(await gpu.read(state), new Float32Array(1000).fill(100));
    state.dispose();
  },
  "two sets of values take turns as inputs and outputs": async (gpu) => {
    using program = await gpu.compile(graph({ w2: sub(input("w", [4]), mul(input("rate", []), input("g", [4]))) }));
    using rate = gpu.value(floats(0.5), []);
    using g = gpu.value(floats(1, 2, 3, 4), [4]);
    let [here, there] = [gpu.value(floats(1, 1, 1, 1), [4]), gpu.allocate([4])];
    for (let step = 0; step < 3; step++) {
      if (step === 2) await gpu.write(rate, floats(10));
      const results = await program.run({ w: here, rate, g }, { outputs: { w2: there } });
      assert.equal(results.w2, there);
      [here, there] = [there, here];
    }
    assert.deepEqual(await gpu.read(here), floats(-10, -21, -32, -43));
    here.dispose();
    there.dispose();
  },
  "allocated memory is zero also where something was before": async (gpu) => {
    for (let round = 0; round < 3; round++) {
      using used = gpu.value(new Float32Array(4096).fill(7), [4096]);
      assert.equal((await gpu.read(used))[0], 7);
      used.dispose();
      using fresh = gpu.allocate([4096]);
      assert.deepEqual(await gpu.read(fresh), new Float32Array(4096));
    }
  },
  "every dtype goes up and comes down": async (gpu) => {
    const cases = [
      ["float32", floats(1.5, -2, 3)],
      ["bfloat16", Uint16Array.of(0x3f80, 0xc000, 0x4049)],
      ["float16", Uint16Array.of(0x3c00, 0xc000, 0x0001)],
      ["int32", Int32Array.of(-5, 7, 2 ** 30)],
      ["int64", BigInt64Array.of(-5n, 2n ** 40n, 0n)],
      ["bool", Uint8Array.of(1, 0, 1)],
    ] as const;
    for (const [dtype, data] of cases) {
      using value = gpu.value(data, [3], dtype);
      assert.deepEqual(await gpu.read(value), data, dtype);
    }
  },
  "a value has the contents of the moment it was made, also during a run": async (gpu) => {
    using program = await gpu.compile(sumOf([2]));
    using a = gpu.value(floats(1, 1), [2]);
    const running = program.run({ a, b: a });
    const data = floats(5, 6);
    using later = gpu.value(data, [2]);
    data.fill(0);
    (await running).y?.dispose();
    assert.deepEqual(await gpu.read(later), floats(5, 6));
  },
  "a mapped bfloat16 weight is widened on upload": async (gpu) => {
    const path = join(process.env.XDG_RUNTIME_DIR as string, "weight.bin");
    writeFileSync(path, new Uint8Array(Uint16Array.of(0, 0x3f80, 0x4000, 0x4040, 0x4080).buffer));
    using file = mapFile(path);
    using program = await gpu.compile(
      graph({ y: gemm(input("x", [1, 2]), input("w", [2, 2], "bfloat16"), { transB: true }) }),
    );
    using w = gpu.mapped(file.memory(2, 8), [2, 2], "bfloat16");
    using x = gpu.value(floats(10, 1), [1, 2]);
    using y = (await program.run({ x, w })).y as Value;
    assert.deepEqual(await gpu.read(y), floats(12, 34));
  },
  "many runs at once take turns": async (gpu) => {
    using program = await gpu.compile(sumOf([512]));
    using other = await gpu.compile(graph({ y: tanh(input("a", [512])) }));
    using a = gpu.value(new Float32Array(512).fill(1), [512]);
    const runs = Array.from({ length: 60 }, (_, i) => (i % 2 ? program.run({ a, b: a }) : other.run({ a })));
    const reads = (await Promise.all(runs)).map(async ({ y }) => {
      const [first] = await gpu.read(y as Value);
      y?.dispose();
      return first as number;
    });
    (await Promise.all(reads)).forEach((first, i) => {
      assert.ok(Math.abs(first - (i % 2 ? 2 : Math.tanh(1))) < 1e-5);
    });
  },
  "the event loop stays free while a result is waited for": async (gpu) => {
    const size = 256;
    const w = input("w", [size, size]);
    let y = input("x", [size, size]);
    for (let i = 0; i < 8; i++) y = tanh(gemm(y, w));
    using program = await gpu.compile(graph({ y }));
    using value = gpu.allocate([size, size]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const started = performance.now();
    using result = (await program.run({ x: value, w: value })).y as Value;
    await gpu.read(result);
    clearInterval(timer);
    const took = performance.now() - started;
    assert.ok(ticks > (took / 5) * 0.05, `${ticks} ticks in ${took} ms`);
  },
  "a run that is cancelled rejects with the signal's reason": async (gpu) => {
    using program = await gpu.compile(sumOf([8]));
    using a = gpu.allocate([8]);
    const first = program.run({ a, b: a });
    const control = new AbortController();
    const second = program.run({ a, b: a }, { signal: control.signal });
    control.abort();
    await assert.rejects(second, { name: "AbortError" });
    (await first).y?.dispose();
  },
  "values of the CPU are refused": async (gpu) => {
    using cpu = await createOrtBackend();
    using foreign = cpu.allocate([2]);
    using program = await gpu.compile(sumOf([2]));
    await assert.rejects(program.run({ a: foreign, b: foreign }), /value of the cpu backend/);
  },
  "a CPU program runs beside it": async (gpu) => {
    using cpu = await createOrtBackend();
    const pair = [cpu, gpu].map(async (backend) => {
      using program = await backend.compile(sumOf([2]));
      using a = backend.value(floats(1, 2), [2]);
      using y = (await program.run({ a, b: a })).y as Value;
      return backend.read(y).then((data) => [...data]);
    });
    assert.deepEqual(await Promise.all(pair), [
      [2, 4],
      [2, 4],
    ]);
  },
  "a thousand values and runs leave memory as it was": async (gpu) => {
    using program = await gpu.compile(sumOf([4096]));
    const cycle = async (count: number) => {
      for (let i = 0; i < count; i++) {
        using a = gpu.value(new Float32Array(4096), [4096]);
        (await program.run({ a, b: a })).y?.dispose();
      }
      using last = gpu.allocate([1]);
      await gpu.read(last);
    };
    await cycle(300);
    const before = process.memoryUsage().rss;
    await cycle(700);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 40, `${grown} MiB`);
  },
};

async function endWithQueuedWork(how: string): Promise<void> {
  const gpu = await createOrtBackend({ device: "webgpu" });
  const program = await gpu.compile(sumOf([1 << 20]));
  let a = gpu.allocate([1 << 20]);
  for (let i = 0; i < 10; i++) a = (await program.run({ a, b: a })).y as Value;
  if (how === "dispose") gpu.dispose();
  if (how === "exit") process.exit(7);
}

async function checkAll(): Promise<void> {
  const gpu = await createOrtBackend({ device: "webgpu" });
  const failures: Record<string, string> = {};
  for (const [name, claim] of Object.entries(claims)) {
    await claim(gpu).catch((error) => {
      failures[name] = String(error?.stack ?? error);
    });
  }
  gpu.dispose();
  process.stdout.write(JSON.stringify(failures));
}

const task = process.argv[2];
if (task === "check") await checkAll();
else if (task) await endWithQueuedWork(task);
