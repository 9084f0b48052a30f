// ONNX encoding of graphs.

export type { Target } from "./emitter.ts";
export { encodeOnnx, inputDType } from "./encode.ts";
