// What a model has to give so that it can be steered: the distribution of the next token at chosen places of given texts, and a chunk of what it
// would say itself. A local model, Lethe's own server, vLLM and llama.cpp are such sources. Knows no offset, and nothing of how a source is reached.

/** What a source tells of the next token. Logits and log-probabilities serve alike: a softmax does not see what is added to a whole row. */
export type RowDistribution =
  | {
      readonly kind: "full";
      /** [vocabulary] */
      readonly logits: Float32Array;
    }
  | {
      /** The most likely tokens only; what is left of 1 lies on the others. */
      readonly kind: "top";
      /** [k], the most likely first. */
      readonly ids: Int32Array;
      /** [k], natural logarithms at temperature 1. */
      readonly logProbabilities: Float32Array;
    };

/** Places of a text after which the next token is asked for. */
export interface AskedText {
  readonly ids: Int32Array;
  /** Ascending; position t predicts the token after ids[0 … t]. */
  readonly positions: Int32Array;
}

export interface ProposalRequest {
  /** The text so far. */
  readonly ids: Int32Array;
  /** At most so many new tokens. */
  readonly tokens: number;
  /** 0: greedy. No other filter (top-p, top-k) is applied, so that a proposed token's probability is softmax(row / temperature). */
  readonly temperature: number;
  readonly seed: number;
  /** Tokens that end a text. One that is drawn is the proposal's last token. */
  readonly endIds: readonly number[];
}

/** A chunk as the source itself would go on. */
export interface Proposal {
  readonly tokens: Int32Array;
  /** What the source knew when it chose token i; as many as tokens. */
  readonly rows: readonly RowDistribution[];
}

export interface LogitSource extends Disposable {
  /** For messages and manifests. */
  readonly name: string;
  /** What every row of this source is. Proposals are drawn only where rows are full: the rule that keeps a drawn text's distribution needs all of a row. */
  readonly rowKind: RowDistribution["kind"];
  /** Ids of a full row: 0 … vocabularySize − 1. */
  readonly vocabularySize: number;
  /** Tokens of text and answer together. */
  readonly contextLength: number;
  /**
   * One distribution for each asked position, text after text.
   * @throws LetheError when the source fails, answers something else than was asked, or is no longer the model it was; the signal's reason when aborted.
   */
  rows(asked: readonly AskedText[], signal?: AbortSignal): Promise<RowDistribution[]>;
  /** @throws as `rows` */
  propose(request: ProposalRequest, signal?: AbortSignal): Promise<Proposal>;
  dispose(): void;
}
