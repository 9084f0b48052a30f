// Models that judge, run in this process through @huggingface/transformers. That package is not installed with Lethe: whoever wants it adds it.

import { ConfigError } from "../core/errors.ts";

/** The little of @huggingface/transformers that is used. */
export interface Transformers {
  readonly pipeline: (task: "feature-extraction", model: string) => Promise<Embedder>;
  readonly AutoTokenizer: { from_pretrained(model: string): Promise<PairTokenizer> };
  readonly AutoModelForSequenceClassification: { from_pretrained(model: string): Promise<Classifier> };
}
type Embedder = (texts: string[], options: { pooling: "mean"; normalize: boolean }) => Promise<Listed>;
type PairTokenizer = (
  texts: string[],
  options: { text_pair?: string[]; padding: boolean; truncation: boolean },
) => object | Promise<object>;
interface Classifier {
  (inputs: object): Promise<{ readonly logits: Listed }>;
  readonly config: { readonly id2label?: Readonly<Record<string, string>>; readonly problem_type?: string | null };
}
interface Listed {
  tolist(): number[][];
}

export type LoadTransformers = () => Promise<Transformers>;

const packageName = "@huggingface/transformers";

/** @throws ConfigError when the package is not installed */
export const loadTransformers: LoadTransformers = async () => {
  try {
    return (await import(packageName)) as Transformers;
  } catch (cause) {
    throw new ConfigError(`a judge without \`url\` is run by ${packageName}, which cannot be loaded`, {
      hint: `npm install ${packageName}, or give the url of an OpenAI-compatible service.`,
      cause,
    });
  }
};

/** Texts given to a model at once. */
const batch = 32;

/** One vector per text: the mean of its token vectors, of length 1. */
export async function embedHere(model: string, texts: readonly string[], load = loadTransformers): Promise<number[][]> {
  const embed = await (await load()).pipeline("feature-extraction", model);
  const vectors: number[][] = [];
  for (let start = 0; start < texts.length; start += batch)
    vectors.push(...(await embed(texts.slice(start, start + batch), { pooling: "mean", normalize: true })).tolist());
  return vectors;
}

export interface Classified {
  /** In the order of the model's classes. */
  readonly probabilities: readonly number[];
  /** Names of the classes, in the same order. */
  readonly labels: readonly string[];
  /** Name of the likeliest class. */
  readonly label: string;
}

/** What a classifier says of texts, or of pairs of texts. */
export async function classifyHere(
  model: string,
  texts: readonly string[],
  pairs: readonly string[] | undefined,
  load = loadTransformers,
): Promise<Classified[]> {
  const { AutoTokenizer, AutoModelForSequenceClassification } = await load();
  const tokenizer = await AutoTokenizer.from_pretrained(model);
  const classifier = await AutoModelForSequenceClassification.from_pretrained(model);
  const results: Classified[] = [];
  for (let start = 0; start < texts.length; start += batch) {
    const part = <T>(list: readonly T[]) => list.slice(start, start + batch);
    const settings = { ...(pairs ? { text_pair: part(pairs) } : {}), padding: true, truncation: true };
    const { logits } = await classifier(await tokenizer(part(texts), settings));
    for (const row of logits.tolist()) {
      const top = Math.max(...row);
      const weights = row.map((logit) => Math.exp(logit - top));
      const total = weights.reduce((a, b) => a + b, 0);
      const { id2label, problem_type: kind } = classifier.config;
      const labels = row.map((_, i) => id2label?.[i] ?? String(i));
      results.push({
        // Where several classes may hold at once, each is a question of its own.
        probabilities:
          kind === "multi_label_classification"
            ? row.map((logit) => 1 / (1 + Math.exp(-logit)))
            : weights.map((weight) => weight / total),
        labels,
        label: labels[row.indexOf(top)] as string,
      });
    }
  }
  return results;
}
