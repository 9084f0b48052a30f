// Models' public face: load, make, run stage by stage, adapt and save.

export type { Architecture, ModelConfig } from "./architecture.ts";
export { architectureNames } from "./architectures.ts";
export { initialiseModel, loadModel } from "./load.ts";
export { addLora, type LoraOptions, loadAdapter, mergeLora, saveAdapter } from "./lora.ts";
export { type Model, parameterCount } from "./model.ts";
export { type RowQuantityName, rowQuantities } from "./row-quantities.ts";
export { type SaveModelOptions, saveModel } from "./save.ts";
export { createStageRunner, type LabelledRows, type StageRunner, type TokenBatch } from "./stage-runner.ts";
export { hashWeights } from "./weights-hash.ts";
