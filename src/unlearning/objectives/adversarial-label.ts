// Adversarial labels (2402.15159; KnowUnDo eq. 7, seeds §1.5): L = CE to a_t = argmax over a ≠ y_t of p(a | prefix), the likeliest wrong token, found once
// before training. Special tokens keep their label, so that an answer still ends.

import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Sequence } from "../../data/batching.ts";
import { IGNORED } from "../../data/encoding.ts";
import type { Model } from "../../models/model.ts";
import { createStageRunner } from "../../models/stage-runner.ts";
import { rowValues } from "../../training/row-values.ts";
import type { Session } from "../session.ts";
import { followingToken } from "./following-token.ts";
import { defineObjective } from "./objective.ts";
import { branchesOf, weighted, weightOptions } from "./retain-term.ts";

export const adversarialLabel = defineObjective({
  name: "adversarial-label",
  summary: "descent on the likeliest wrong tokens in place of the forget answers",
  paper: "https://arxiv.org/abs/2402.15159",
  options: z.strictObject({
    model: z
      .string()
      .optional()
      .describe(
        "model that is asked for the wrong tokens, of the same tokenizer; KnowUnDo asks the one before fine-tuning",
      ),
    ...weightOptions,
    retainWeight: weightOptions.retainWeight.default(0),
    peer: z
      .boolean()
      .default(false)
      .describe("as KnowUnDo released it: labels one position late, and the prompt's tokens get them too"),
  }),
  knobs: { "objective.retainWeight": [0, 1, 2] },
  loss: (options) => ({
    name: "adversarial-label",
    branches: branchesOf(options),
    terms: (branches) => weighted(branches, branches.forget.meanNll(), options),
  }),
  relabel: {
    forwardPasses: 1,
    make: async (examples, { session, open, signal }, { model, peer }) => {
      using other = model === undefined ? undefined : await open(model);
      if (other) refuseOtherTokenizer(session, other);
      const asked = (other ?? session).model;
      // Awaited here: the other model is given back as soon as this returns.
      return peer
        ? await releasedLabels(asked, examples, signal)
        : await wrongLabels(asked, examples, session.tokenizer.specialIds, signal);
    },
  },
});

async function wrongLabels(
  model: Model,
  examples: readonly Sequence[],
  special: ReadonlySet<number>,
  signal: AbortSignal | undefined,
): Promise<Sequence[]> {
  const found = await rowValues(createStageRunner(model), examples, ["runner-up"], signal);
  return examples.map((example, i) => {
    const wrong = found[i]?.["runner-up"].values();
    const labels = example.labels.map((label) => {
      if (label < 0) return label;
      const token = wrong?.next().value as number;
      return special.has(label) ? label : token;
    });
    return { ...example, labels };
  });
}

/**
 * At each position the likeliest token other than the one that stands there, used as the label of that very position, which the position
 * before it must predict: the model is taught to say one token early what it would have guessed next.
 */
async function releasedLabels(
  model: Model,
  examples: readonly Sequence[],
  signal: AbortSignal | undefined,
): Promise<Sequence[]> {
  const texts = examples.map((example) => {
    const tokens = Int32Array.of(...example.ids, followingToken(example, example.ids.length - 1));
    const ids = tokens.subarray(0, model.config.maxPositions);
    return { ids, labels: ids };
  });
  const found = await rowValues(createStageRunner(model), texts, ["runner-up"], signal);
  return examples.map((example, i) => ({
    ...example,
    labels: example.ids.map((_, t) => found[i]?.["runner-up"][t + 1] ?? IGNORED),
  }));
}

function refuseOtherTokenizer({ tokenizer }: Pick<Session, "tokenizer">, other: Session): void {
  const ids = Array.from({ length: Math.max(tokenizer.vocabularySize, other.tokenizer.vocabularySize) }, (_, id) => id);
  if (ids.every((id) => tokenizer.tokenOf(id) === other.tokenizer.tokenOf(id))) return;
  throw new ConfigError(`${other.model.source} has another tokenizer: its tokens are no labels for this model`, {
    place: { key: "objective.model" },
    hint: "Name the model that this one was fine-tuned from, or leave `model` out.",
  });
}
