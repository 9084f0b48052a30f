import { expect, test } from "vitest";
import { measureGemmPeak } from "./gemm-peak.ts";
import { createOrtBackend } from "./ort/index.ts";

test("the peak is the best of the shapes and no slower than a tenth of a gigaflop", async () => {
  using backend = await createOrtBackend();
  const peak = await measureGemmPeak(backend, {
    shapes: [
      [64, 64, 64],
      [256, 256, 256],
    ],
    budget: 20,
  });
  expect(peak.cases).toHaveLength(2);
  expect(peak.gflops).toBe(Math.max(...peak.cases.map((one) => one.gflops)));
  expect(peak.gflops).toBeGreaterThan(0.1);
});
