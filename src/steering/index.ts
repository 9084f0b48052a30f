// The public face of steering: what a steered model must tell, offsets and their folders. Re-exports only.

export { normalise, steerRow } from "./ensemble.ts";
export { createEnsembleDecoder } from "./ensemble-decoder.ts";
export { type HttpSourceConfig, httpSourceConfig, openHttpSource } from "./http-source.ts";
export { createLocalSource } from "./local-source.ts";
export type { AskedText, LogitSource, Proposal, ProposalRequest, RowDistribution } from "./logit-source.ts";
export { measureSteering, type SteeringMeasures } from "./measure.ts";
export { measureRandomSteering } from "./measure-random.ts";
export {
  isOffsetFolder,
  type OffsetDescription,
  type OffsetFolder,
  openOffset,
  writeOffset,
} from "./offset-folder.ts";
export { type Offset, type OffsetPair, offsetOf } from "./offset-reader.ts";
export { type OpenedOffsets, type OpenOffsetsOptions, openOffsets } from "./open-offsets.ts";
export {
  decodeSpeculatively,
  type SpeculativeCount,
  type SpeculativeOptions,
  type SteeredToken,
} from "./speculative.ts";
export { completeRow, spreadTail } from "./tail.ts";
export { fitRow, hashVocabulary, refuseOtherVocabulary, type Vocabulary } from "./vocabulary.ts";
