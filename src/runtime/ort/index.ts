// The ONNX Runtime backend's public face.

export type { Signature, TensorType, TensorTypes } from "../signature.ts";
export { type BackendDetails, createOrtBackend, type OrtBackend, type OrtOptions } from "./backend.ts";
export type { ProgramSource } from "./program.ts";
