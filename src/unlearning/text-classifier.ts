// A classifier of texts by folder: a causal language model that Lethe taught to answer a text with a label, asked for the probability of each label; or any text-classification
// model, run by the optional @huggingface/transformers. Knows nothing of what the labels mean.

import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { type Reporter, silent } from "../core/events.ts";
import { describeNames } from "../core/nearest.ts";
import { type EncodedExample, encodeRecords, encodingOptions } from "../data/encoding.ts";
import { createStageRunner } from "../models/stage-runner.ts";
import { classifyHere, type LoadTransformers, loadTransformers } from "../text/optional-transformers.ts";
import { assembleLossBatch } from "../training/loss-batch.ts";
import { openSession, type Session } from "./session.ts";

export const textClassifierOptions = z.strictObject({
  model: z.string().describe("folder or hub id"),
  label: z.string().min(1).describe("the label whose probability is wanted"),
  labels: z
    .array(z.string().min(1))
    .min(2)
    .optional()
    .describe(
      "for a language model taught to answer a text with one of these; left out for a text-classification model, which @huggingface/transformers runs",
    ),
  encoding: encodingOptions
    .prefault({})
    .describe("how the language model was asked in training, where that was not the default"),
});
export type TextClassifierOptions = z.input<typeof textClassifierOptions>;

export interface TextClassifier extends Disposable {
  /** Probability of `label` for each text, in [0, 1]: of all labels for a language model, of all classes otherwise. */
  score(texts: readonly string[], signal?: AbortSignal): Promise<number[]>;
}

export interface OpenClassifierOptions {
  readonly report?: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** For tests. */
  readonly load?: LoadTransformers;
}

/**
 * Opens it; a language model's memory is freed by `dispose`.
 * @throws ConfigError for a label that is none of the labels; LetheError for a model that cannot be opened.
 */
export async function openTextClassifier(
  options: TextClassifierOptions,
  { report = silent, signal, load = loadTransformers }: OpenClassifierOptions = {},
): Promise<TextClassifier> {
  const { model, label, labels, encoding } = textClassifierOptions.parse(options);
  if (!labels) return classificationModel(model, label, load);
  refuseUnknownLabel(label, labels, model);
  const session = await openSession(model, { device: "cpu", encoding, report, signal });
  return {
    score: async (texts, stop) => {
      const all = await labelProbabilities(session, labels, texts, stop);
      return all.map((row) => row[labels.indexOf(label)] as number);
    },
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

function classificationModel(model: string, label: string, load: LoadTransformers): TextClassifier {
  return {
    score: async (texts) =>
      (await classifyHere(model, texts, undefined, load)).map(({ probabilities, labels }) => {
        refuseUnknownLabel(label, labels, model);
        return probabilities[labels.indexOf(label)] as number;
      }),
    [Symbol.dispose]: () => {},
  };
}

function refuseUnknownLabel(label: string, labels: readonly string[], model: string): void {
  if (labels.includes(label)) return;
  throw new ConfigError(`the classifier ${model} has no label "${label}"`, { hint: describeNames(label, labels) });
}

/** Texts judged at once. */
const batch = 32;

/**
 * softmax over the labels l of log P(l, end | text), text by text: [texts][labels]. Of a text that does not fit the context its beginning is judged.
 * @throws the signal's reason when aborted
 */
export async function labelProbabilities(
  session: Pick<Session, "model" | "tokenizer" | "encoding">,
  labels: readonly string[],
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<number[][]> {
  const runner = createStageRunner(session.model);
  const encode = (text: string) =>
    encodeRecords(
      session.tokenizer,
      labels.map((answer) => ({ kind: "question-answer", id: "text", question: text, answer })),
      { ...session.encoding, loss: "answer" },
    );
  const room = (session.encoding.contextLength ?? Number.POSITIVE_INFINITY) - longest(encode("")) - 1;
  const fitting = (text: string) => {
    const ids = Array.from(session.tokenizer.encode(text, { addSpecialTokens: false }));
    return ids.length <= room ? text : session.tokenizer.decode(ids.slice(0, room));
  };
  const results: number[][] = [];
  for (let start = 0; start < texts.length; start += batch) {
    signal?.throwIfAborted();
    const examples = texts.slice(start, start + batch).flatMap((text) => encode(fitting(text)));
    const scores = await logLikelihoods(runner, examples);
    for (let i = 0; i < scores.length; i += labels.length) results.push(softmax(scores.slice(i, i + labels.length)));
  }
  return results;
}

const longest = (examples: readonly EncodedExample[]) => Math.max(...examples.map(({ ids }) => ids.length));

/** Natural logarithm of the probability of each example's labelled tokens together. */
async function logLikelihoods(
  runner: ReturnType<typeof createStageRunner>,
  examples: readonly EncodedExample[],
): Promise<number[]> {
  const lossBatch = assembleLossBatch({ forget: examples.map((example, index) => ({ example, index })) });
  const branch = lossBatch.branches.forget;
  if (!branch) return [];
  using pass = await runner.forward(lossBatch.tokens);
  const { nll = new Float32Array(0) } = await runner.quantities(pass, branch, ["nll"]);
  let row = 0;
  return branch.counts.map((count) => {
    const sum = nll.subarray(row, row + count).reduce((total, value) => total - value, 0);
    row += count;
    return sum;
  });
}

function softmax(scores: readonly number[]): number[] {
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}
