// A classifier of texts by folder: a causal language model that Lethe taught to answer a text with a label, asked for the probability of each label; or any text-classification
// model in ONNX form, run by the optional @huggingface/transformers. Knows nothing of what the labels mean.

import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { type Reporter, silent } from "../core/events.ts";
import { describeNames } from "../core/nearest.ts";
import { encodingOptions } from "../data/encoding.ts";
import { softmaxWeights } from "../generation/index.ts";
import { isFolderWithoutOnnx } from "../text/onnx-place.ts";
import {
  type Classification,
  type LoadTransformers,
  loadTransformers,
  openClassifier,
} from "../text/optional-transformers.ts";
import { type AnswerLikelihoods, createAnswerLikelihoods } from "./answer-likelihoods.ts";
import { openSession } from "./session.ts";

export const textClassifierOptions = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe("folder of a language model with `labels`; folder, ONNX file or hub id of a text-classification model"),
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
  readonly load?: LoadTransformers<Classification>;
}

/**
 * Opens it; its memory is freed by `dispose`.
 * @throws ConfigError for a label that is none of the labels, or a folder that could only be a language model's and no labels; LetheError for a model that cannot be opened.
 */
export async function openTextClassifier(
  options: TextClassifierOptions,
  { report = silent, signal, load = loadTransformers }: OpenClassifierOptions = {},
): Promise<TextClassifier> {
  const { model, label, labels, encoding } = textClassifierOptions.parse(options);
  if (!labels) return classificationModel(model, label, load);
  refuseUnknownLabel(label, labels, model);
  const session = await openSession(model, { device: "cpu", encoding, report, signal });
  const likelihoods = createAnswerLikelihoods(session);
  return {
    score: async (texts, stop) => {
      const all = await labelProbabilities(likelihoods, labels, texts, stop);
      return all.map((row) => row[labels.indexOf(label)] as number);
    },
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

async function classificationModel(
  model: string,
  label: string,
  load: LoadTransformers<Classification>,
): Promise<TextClassifier> {
  if (isFolderWithoutOnnx(model)) {
    throw new ConfigError(`${model} holds no ONNX file, and \`labels\` are not given`, {
      hint: "Give the labels that a language model of Lethe's was taught to answer with, or a classifier in ONNX form (optimum-cli export onnx).",
    });
  }
  const classifier = await openClassifier(model, load);
  try {
    if (classifier.labels) refuseUnknownLabel(label, classifier.labels, model);
  } catch (error) {
    classifier[Symbol.dispose]();
    throw error;
  }
  return {
    score: async (texts, signal) =>
      (await classifier.classify(texts, undefined, signal)).map(({ probabilities, labels }) => {
        refuseUnknownLabel(label, labels, model);
        return probabilities[labels.indexOf(label)] as number;
      }),
    [Symbol.dispose]: () => classifier[Symbol.dispose](),
  };
}

function refuseUnknownLabel(label: string, labels: readonly string[], model: string): void {
  if (labels.includes(label)) return;
  throw new ConfigError(`the classifier ${model} has no label "${label}"`, { hint: describeNames(label, labels) });
}

/** softmax over the labels l of log P(l, end | text), text by text: [texts][labels]. Of a text that does not fit the context its beginning is judged. */
export async function labelProbabilities(
  likelihoods: AnswerLikelihoods,
  labels: readonly string[],
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<number[][]> {
  const asked = texts.flatMap((text) => labels.map((answer) => ({ text, answer })));
  const scores = Float32Array.from(await likelihoods(asked, signal));
  return texts.map((_, i) => {
    const { weights, total } = softmaxWeights(scores.subarray(i * labels.length, (i + 1) * labels.length));
    return Array.from(weights, (weight) => weight / total);
  });
}
