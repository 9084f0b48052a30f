// Benchmarks' public face.

export { loadBenchmark, shippedBenchmarks } from "./declaration.ts";
export { type BenchmarkConfig, benchmarkConfig } from "./options.ts";
export type { BenchmarkResult } from "./result.ts";
export { runBenchmark } from "./run.ts";
export type { Runner } from "./runner.ts";
export { renderMarkdown } from "./table.ts";
export * from "./tune/index.ts";
