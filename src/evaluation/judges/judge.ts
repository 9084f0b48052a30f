// What a judge says of answers: how near two texts are in meaning, whether one follows from the other, whether a text reads well.
// Knows nothing of sets and records.

import { z } from "zod";
import { RuntimeFailure } from "../../core/errors.ts";
import {
  type Classification,
  classifyHere,
  type Embedding,
  embedHere,
  type LoadTransformers,
  loadTransformers,
} from "../../text/optional-transformers.ts";
import { textClassifierOptions } from "../../unlearning/text-classifier.ts";
import { askOver, embedOver } from "./service.ts";

const model = z.string().describe("its name at the service, or a hub id");

const anywhere = z.strictObject({
  model,
  url: z
    .url()
    .optional()
    .describe("OpenAI-compatible service, with /v1; without it the model is run by @huggingface/transformers"),
  keyVariable: z.string().optional().describe("environment variable that holds the service's key"),
});
export type JudgeOptions = z.output<typeof anywhere>;

export const judgeOptions = z.strictObject({
  embedding: anywhere.optional().describe("embeds texts, for cosine-similarity"),
  entailment: anywhere.optional().describe("natural language inference, for entailment"),
  fluency: z.strictObject({ model }).optional().describe("classifier whose first class is clean text, for fluency"),
  toxicity: textClassifierOptions
    .extend({
      withPrompt: z
        .boolean()
        .default(false)
        .describe("judge the question and its answer as one text, for prompts that are the beginning of a sentence"),
    })
    .optional()
    .describe("classifier of toxic text and its label for it, for toxicity and toxic-share"),
  language: z
    .strictObject({ model })
    .optional()
    .describe("language model that rates how likely the generated answers are, for generated-perplexity"),
});

/** Cosine of the texts' embeddings, pair by pair, in [−1, 1]; 0 beside an empty text, which services refuse to embed and a collapsed model writes often. */
export async function similarities(
  { url, model, keyVariable }: JudgeOptions,
  pairs: readonly (readonly [string, string])[],
  signal?: AbortSignal,
  load: LoadTransformers<Embedding> = loadTransformers,
): Promise<number[]> {
  const texts = [...new Set(pairs.flat())].filter((text) => text !== "");
  const vectors =
    url === undefined
      ? await embedHere(model, texts, load)
      : await embedOver({ url, model, keyVariable }, texts, signal);
  const vectorOf = new Map(texts.map((text, i) => [text, vectors[i] as number[]]));
  return pairs.map(([a, b]) => cosine(vectorOf.get(a) ?? [], vectorOf.get(b) ?? []));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

const instruction =
  "You are given a premise and a hypothesis. Does the hypothesis follow from the premise? Answer with one word: entailment, neutral or contradiction.";

/** Whether each hypothesis follows from its premise. @throws RuntimeFailure for an answer that is none of the three */
export async function entailments(
  { url, model, keyVariable }: JudgeOptions,
  pairs: readonly (readonly [premise: string, hypothesis: string])[],
  signal?: AbortSignal,
  load: LoadTransformers<Classification> = loadTransformers,
): Promise<boolean[]> {
  if (url === undefined) {
    const [premises, hypotheses] = [pairs.map(([premise]) => premise), pairs.map(([, hypothesis]) => hypothesis)];
    return (await classifyHere(model, premises, hypotheses, load)).map(({ label }) => /^entail/i.test(label));
  }
  const results: boolean[] = [];
  for (const [premise, hypothesis] of pairs) {
    signal?.throwIfAborted();
    const text = `Premise: ${premise}\nHypothesis: ${hypothesis}`;
    const answer = await askOver({ url, model, keyVariable }, { instruction, text }, signal);
    const word = /entailment|neutral|contradiction/i.exec(answer)?.[0].toLowerCase();
    if (!word) {
      throw new RuntimeFailure(`the judge "${model}" said ${JSON.stringify(answer.slice(0, 80))} of an entailment`, {
        hint: "Use a model that follows instructions, or a classifier for natural language inference.",
      });
    }
    results.push(word === "entailment");
  }
  return results;
}

/** Probability of the classifier's first class, text by text. */
export async function fluencies(
  { model }: { readonly model: string },
  texts: readonly string[],
  load: LoadTransformers<Classification> = loadTransformers,
): Promise<number[]> {
  return (await classifyHere(model, texts, undefined, load)).map(({ probabilities }) => probabilities[0] as number);
}
