// Models that judge, run in this process through @huggingface/transformers. That package is not installed with Lethe: whoever wants it adds it.

import { ConfigError, LetheError, ModelError } from "../core/errors.ts";
import { type OnnxOptions, type OnnxPlace, onnxPlace } from "./onnx-place.ts";

/** The little of @huggingface/transformers that is used, by what it is used for: a stand-in brings no more than its use needs. */
type Transformers = Embedding & Classification & Tagging;
export interface Embedding {
  readonly pipeline: (task: "feature-extraction", model: string, options?: OnnxOptions) => Promise<Embedder>;
}
export interface Classification {
  readonly AutoTokenizer: { from_pretrained(model: string, options?: OnnxOptions): Promise<PairTokenizer> };
  readonly AutoModelForSequenceClassification: {
    from_pretrained(model: string, options?: OnnxOptions): Promise<ClassificationModel>;
  };
}
export interface Tagging {
  readonly pipeline: (task: "token-classification", model: string, options?: OnnxOptions) => Promise<TaggingPipeline>;
}

interface Embedder extends Closable {
  (texts: string[], options: { pooling: "mean"; normalize: boolean }): Promise<Listed>;
}
type PairTokenizer = (
  texts: string[],
  options: { text_pair?: string[]; padding: boolean; truncation: boolean },
) => object | Promise<object>;
interface ClassificationModel extends Closable {
  (inputs: object): Promise<{ readonly logits: Listed }>;
  readonly config: { readonly id2label?: Readonly<Record<string, string>>; readonly problem_type?: string | null };
}
interface Listed {
  tolist(): number[][];
}
interface Closable {
  dispose?(): Promise<unknown>;
}

interface TaggingPipeline extends Closable {
  /** Of each text the tokens whose likeliest class is not O. */
  (texts: string[]): Promise<readonly (readonly { readonly entity: string; readonly score: number }[])[]>;
  readonly model: { readonly config: { readonly id2label?: Readonly<Record<string, string>> } };
}

/** `what`: the model it is wanted for, for messages. */
export type LoadTransformers<Part = Transformers> = (what?: string) => Promise<Part>;

const packageName = "@huggingface/transformers";

/** @throws ConfigError when the package is not installed */
export const loadTransformers: LoadTransformers = async (what = "a judge without `url`") => {
  try {
    return (await import(packageName)) as Transformers;
  } catch (cause) {
    throw new ConfigError(`${what} is run by ${packageName}, which cannot be loaded`, {
      hint: `npm install ${packageName}. Without it: a language model that Lethe taught, or, for judges that take a url, an OpenAI-compatible service.`,
      cause,
    });
  }
};

/** Loads the package and opens the model with it. @throws LetheError for a path that is not there, a package that is not, a model that cannot be opened */
async function openHere<Part, Opened>(
  model: string,
  load: LoadTransformers<Part>,
  open: (transformers: Part, place: OnnxPlace) => Promise<Opened>,
): Promise<Opened> {
  const place = onnxPlace(model);
  const transformers = await load(place.description);
  try {
    return await open(transformers, place);
  } catch (cause) {
    if (LetheError.isInstance(cause)) throw cause;
    throw new ModelError(`${place.description} cannot be opened by ${packageName}: ${firstLine(cause)}`, {
      hint: place.options.local_files_only
        ? "It has to be an ONNX model of the kind that is asked for."
        : "Check the path or the id; a model of the hub has to hold ONNX files.",
      place: { file: model },
      cause,
    });
  }
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n", 1)[0] ?? "";

/** Nobody waits for its memory, and nobody is helped by hearing that it was not freed. */
const close = (held: Closable) => void held.dispose?.().catch(() => {});

/** Texts given to a model at once. */
const batch = 32;

/** Of a list in parts. @throws the signal's reason when aborted */
async function inParts<T>(
  count: number,
  run: (start: number, end: number) => Promise<readonly T[]>,
  signal?: AbortSignal,
) {
  const results: T[] = [];
  for (let start = 0; start < count; start += batch) {
    signal?.throwIfAborted();
    results.push(...(await run(start, start + batch)));
  }
  return results;
}

/** One vector per text: the mean of its token vectors, of length 1. */
export async function embedHere(
  model: string,
  texts: readonly string[],
  load: LoadTransformers<Embedding> = loadTransformers,
): Promise<number[][]> {
  const embed = await openHere(model, load, ({ pipeline }, { name, options }) =>
    pipeline("feature-extraction", name, options),
  );
  try {
    return await inParts(texts.length, async (start, end) =>
      (await embed(texts.slice(start, end), { pooling: "mean", normalize: true })).tolist(),
    );
  } finally {
    close(embed);
  }
}

export interface Classified {
  /** In the order of the model's classes. */
  readonly probabilities: readonly number[];
  /** Names of the classes, in the same order. */
  readonly labels: readonly string[];
  /** Name of the likeliest class. */
  readonly label: string;
}

export interface Classifier extends Disposable {
  /** Names of the classes; undefined where the model does not tell them before it is asked. */
  readonly labels: readonly string[] | undefined;
  /** What it says of texts, or of pairs of texts. */
  classify(texts: readonly string[], pairs?: readonly string[], signal?: AbortSignal): Promise<Classified[]>;
}

/** Opens a text-classification model by hub id, folder or ONNX file. @throws LetheError for what cannot be opened */
export async function openClassifier(
  model: string,
  load: LoadTransformers<Classification> = loadTransformers,
): Promise<Classifier> {
  const [tokenizer, classifier] = await openHere(
    model,
    load,
    async ({ AutoTokenizer, AutoModelForSequenceClassification }, { name, options }) =>
      [
        await AutoTokenizer.from_pretrained(name, options),
        await AutoModelForSequenceClassification.from_pretrained(name, options),
      ] as const,
  );
  const { id2label, problem_type: kind } = classifier.config;
  return {
    labels: id2label && Object.values(id2label),
    classify: (texts, pairs, signal) =>
      inParts(
        texts.length,
        async (start, end) => {
          const settings = {
            ...(pairs ? { text_pair: pairs.slice(start, end) } : {}),
            padding: true,
            truncation: true,
          };
          const { logits } = await classifier(await tokenizer(texts.slice(start, end), settings));
          return logits.tolist().map((row) => classified(row, { id2label, kind }));
        },
        signal,
      ),
    [Symbol.dispose]: () => close(classifier),
  };
}

function classified(
  logits: readonly number[],
  {
    id2label,
    kind,
  }: { readonly id2label: Readonly<Record<string, string>> | undefined; readonly kind: string | null | undefined },
): Classified {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((a, b) => a + b, 0);
  const labels = logits.map((_, i) => id2label?.[i] ?? String(i));
  return {
    // Where several classes may hold at once, each is a question of its own.
    probabilities:
      kind === "multi_label_classification"
        ? logits.map((logit) => 1 / (1 + Math.exp(-logit)))
        : weights.map((weight) => weight / total),
    labels,
    label: labels[logits.indexOf(top)] as string,
  };
}

/** What a classifier says of texts, or of pairs of texts. */
export async function classifyHere(
  model: string,
  texts: readonly string[],
  pairs: readonly string[] | undefined,
  load: LoadTransformers<Classification> = loadTransformers,
): Promise<Classified[]> {
  using classifier = await openClassifier(model, load);
  return await classifier.classify(texts, pairs);
}

export interface Tagger extends Disposable {
  /** Types of entity that it knows; undefined where it does not tell. */
  readonly types: readonly string[] | undefined;
  /** Of each text the tokens that it finds to belong to an entity, and how sure it is of each, in (0, 1]. */
  tag(texts: readonly string[], signal?: AbortSignal): Promise<(readonly { type: string; score: number }[])[]>;
}

/** "B-PER" as "PER": where in an entity a token stands is no matter here. */
const typeOf = (tag: string): string => tag.replace(/^[BIESLU]-/, "");

/** Opens a token-classification model by hub id, folder or ONNX file. @throws LetheError for what cannot be opened */
export async function openTagger(model: string, load: LoadTransformers<Tagging> = loadTransformers): Promise<Tagger> {
  const tagger = await openHere(model, load, ({ pipeline }, { name, options }) =>
    pipeline("token-classification", name, options),
  );
  const { id2label } = tagger.model.config;
  return {
    types: id2label && [...new Set(Object.values(id2label).map(typeOf))].filter((type) => type !== "O"),
    tag: (texts, signal) =>
      inParts(
        texts.length,
        async (start, end) =>
          (await tagger(texts.slice(start, end))).map((tokens) =>
            tokens.map(({ entity, score }) => ({ type: typeOf(entity), score })),
          ),
        signal,
      ),
    [Symbol.dispose]: () => close(tagger),
  };
}
