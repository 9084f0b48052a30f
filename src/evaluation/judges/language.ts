// A language model as a judge of what another wrote: how likely it finds each answer, after its question. Reads the text with its own tokenizer.

import { silent } from "../../core/events.ts";
import { type EncodingOptions, encodeRecords } from "../../data/encoding.ts";
import { createStageRunner } from "../../models/stage-runner.ts";
import { openSession } from "../../unlearning/session.ts";
import { type Detail, forcedPass, meanLoss } from "../inputs/forced-pass.ts";
import type { GeneratedExample } from "../metrics/index.ts";

/**
 * Mean negative log-likelihood per token of each answer under the model, in nats, without an end token; null for an answer that is empty. One that does not fit the
 * model's context is rated up to there.
 * @throws LetheError for a model that cannot be opened, and for a question that alone does not fit
 */
export async function likelihoodsUnder(
  model: string,
  answers: readonly GeneratedExample[],
  encoding: EncodingOptions,
  { batchSize, signal }: { readonly batchSize: number; readonly signal?: AbortSignal | undefined },
): Promise<(number | null)[]> {
  const { contextLength: _, chatTemplate: __, ...asked } = encoding;
  using session = await openSession(model, {
    device: "cpu",
    encoding: { ...asked, loss: "answer", endToken: false, tooLong: "truncate" },
    report: silent,
    signal,
  });
  const written = answers.map(({ question, generated, continuation = generated }, i) => {
    if (continuation.trim() === "") return null;
    const record = { kind: "question-answer", id: `answer ${i + 1}`, question, answer: continuation } as const;
    return encodeRecords(session.tokenizer, [record], session.encoding)[0] ?? null;
  });
  const sequences = new Map(
    written.filter((example) => example !== null).map((example) => [example, "loss" as Detail]),
  );
  const seen = await forcedPass(createStageRunner(session.model), sequences, { batchSize, signal });
  return written.map((example) => {
    const sequence = example && seen.get(example);
    return sequence ? meanLoss(sequence) : null;
  });
}
