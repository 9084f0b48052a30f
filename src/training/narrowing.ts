// How those weights are chosen anew that move, while training goes on. What chooses sees the text of a step's batches; it never sees the loss.

import type { Sequence } from "../data/batching.ts";
import type { TextGradients } from "./text-gradient.ts";

export interface Narrowing {
  /** Steps between two choices; 1: every step but the first. */
  readonly every: number;
  /** What moves until the first choice. */
  readonly first: readonly string[];
  /** What moves from a step on: names among the trainable weights, also none. Must follow from the text and the weights alone. */
  readonly choose: (text: SideTexts, gradientsOf: TextGradients) => Promise<readonly string[]>;
  /** True text behind each example of a side, by its place there: what is trained on may carry other labels, or other answers. */
  readonly texts: SideTexts;
}

/** Examples of the side to forget and of the side to keep. A side that a loss does not use is empty. */
export interface SideTexts {
  readonly forget: readonly Sequence[];
  readonly retain: readonly Sequence[];
}
