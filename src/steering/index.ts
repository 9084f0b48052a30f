// The public face of steering: what a steered model must tell, offsets and their folders. Re-exports only.

export type { AskedText, LogitSource, Proposal, ProposalRequest, RowDistribution } from "./logit-source.ts";
export {
  isOffsetFolder,
  type OffsetDescription,
  type OffsetFolder,
  openOffset,
  writeOffset,
} from "./offset-folder.ts";
export { fitRow, hashVocabulary, refuseOtherVocabulary, type Vocabulary } from "./vocabulary.ts";
