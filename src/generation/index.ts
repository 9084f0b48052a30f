// Generation's public face: continuing prompts, one step at a time or whole texts, and what shapes the choice of tokens.

export { type ChoiceOptions, type Chooser, createChooser } from "./choose.ts";
export { type ContinuationText, continuationText, type TokenText } from "./continuation-text.ts";
export { type BeginOptions, createDecoder, type Decoder, type DecoderOptions, type DecodingBatch } from "./decoder.ts";
export { type Generated, type GeneratedPiece, type GenerateOptions, generate, streamGenerate } from "./generate.ts";
export {
  bias,
  type LogitsProcessor,
  minP,
  repetitionPenalty,
  suppressUntil,
  temperature,
  topK,
  topP,
} from "./logits-processors.ts";
export { type GenerationMeasure, type MeasureOptions, measureGeneration } from "./measure.ts";
export type { BatchDecoder } from "./rows.ts";
export type { RunningBatch, RunningBatchOptions } from "./running-batch.ts";
export { drawToken, mostLikely, softmaxWeights } from "./sampler.ts";
export type { HeadOutput } from "./step-graphs.ts";
export type { TokenReader } from "./token-reader.ts";
