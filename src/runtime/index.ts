// The runtime's public face: the backend contract, the fast backend and the obvious one.

export type { Backend, MappedMemory, Program, RunOptions, TypedArray, Value } from "./backend.ts";
export { type GemmPeak, measureGemmPeak } from "./gemm-peak.ts";
export { type MappedFile, mapFile } from "./mapped-file.ts";
export { createOrtBackend, type OrtBackend } from "./ort/index.ts";
export { createReferenceBackend, evaluate } from "./reference/index.ts";
