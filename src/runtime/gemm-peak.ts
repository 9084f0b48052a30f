// The most f32 arithmetic that this process gets out of its backend: the yardstick of `lethe bench`. Knows nothing of models.

import { gemm, graph, input } from "../tensor/index.ts";
import type { Backend, TypedArray } from "./backend.ts";

export interface GemmPeak {
  /** 10⁹ multiplications and additions per second, of the best run of the best shape. */
  readonly gflops: number;
  /** [rows, inner, columns] of that shape. */
  readonly shape: GemmShape;
  readonly cases: ReadonlyArray<{ readonly shape: GemmShape; readonly gflops: number }>;
}

export type GemmShape = readonly [rows: number, inner: number, columns: number];

export interface GemmPeakOptions {
  /** Default: squares, and the linear layers of small and middle-sized models. */
  readonly shapes?: readonly GemmShape[];
  /** Milliseconds to spend on each shape. */
  readonly budget?: number;
  readonly signal?: AbortSignal;
}

const defaultShapes: readonly GemmShape[] = [
  [1024, 1024, 1024],
  [2048, 2048, 2048],
  [1024, 768, 2048],
  [1024, 2048, 768],
  [1024, 288, 4096],
];

/**
 * Times x[rows, inner] · w[columns, inner]ᵀ, the product of a linear layer, with outputs given in advance.
 * Best of all runs, because whatever else the machine does only makes a run slower.
 */
export async function measureGemmPeak(backend: Backend, options: GemmPeakOptions = {}): Promise<GemmPeak> {
  const { shapes = defaultShapes, budget = 400, signal } = options;
  const cases = [];
  for (const shape of shapes) cases.push({ shape, gflops: await measureShape(backend, shape, budget, signal) });
  const best = cases.reduce((a, b) => (b.gflops > a.gflops ? b : a));
  return { ...best, cases };
}

async function measureShape(
  backend: Backend,
  [rows, inner, columns]: GemmShape,
  budget: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const product = gemm(input("x", [rows, inner]), input("w", [columns, inner]), { transB: true });
  using program = await backend.compile(graph({ y: product }));
  using x = backend.value(ramp(rows * inner), [rows, inner]);
  using w = backend.value(ramp(columns * inner), [columns, inner]);
  using y = backend.allocate([rows, columns]);
  const control = { outputs: { y }, ...(signal && { signal }) };
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + budget;
  for (let count = 0; count < 3 || performance.now() < end; count++) {
    const started = performance.now();
    await program.run({ x, w }, control);
    // A GPU has only been told to start by then.
    if (backend.name === "ort-webgpu") await backend.read(y);
    if (count > 0) best = Math.min(best, performance.now() - started);
  }
  return (2 * rows * inner * columns) / best / 1e6;
}

/** Numbers around one: zeros and denormals are timed differently. */
function ramp(count: number): TypedArray {
  return Float32Array.from({ length: count }, (_, i) => 0.5 + (i % 97) / 97);
}
