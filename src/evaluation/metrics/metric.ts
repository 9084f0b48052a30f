// What a metric is: a pure function of one example plus a way to sum up, with the facts a table or a report needs about it.
// Knows nothing of models, data files or particular metrics.

import type { z } from "zod";
import { findProblems, keyName, type Problem } from "../../core/config-problems.ts";
import { ConfigError } from "../../core/errors.ts";
import type { MetricResult, SetRole } from "../result.ts";
import { mean } from "../statistics/averages.ts";

export type Mode = MetricResult["mode"];

/** The labelled tokens of one answer under one model, the true prefix given at every position. All lists have the same length. */
export interface TeacherForcedExample {
  /** Token ids of the answer, the end token included if it is labelled. */
  readonly labels: ArrayLike<number>;
  /** Natural logarithm of the probability of each label. */
  readonly logProbabilities: ArrayLike<number>;
  /** The most probable token id at each position. */
  readonly predictions: ArrayLike<number>;
  /** True if the last label is an end token. */
  readonly hasEnd: boolean;
  /** The answer as its labels read, special tokens left out; absent where only numbers are known. */
  readonly text?: string;
  /** The predictions as they read, special tokens left out. */
  readonly predicted?: string;
}

/** The same with two moments of the whole distribution at each position. */
export interface DistributionExample extends TeacherForcedExample {
  /** Σ p log p over the vocabulary, minus the entropy in nats. */
  readonly meanLogProbabilities: ArrayLike<number>;
  /** Variance of log p under p. */
  readonly variances: ArrayLike<number>;
}

/** One answer the model wrote by itself. */
export interface GeneratedExample {
  readonly question: string;
  readonly expected: string;
  readonly generated: string;
  /** The same with the spaces around it, which count in a program; absent where only the text is known. */
  readonly continuation?: string;
  /** Token ids of what was generated, end token left out; absent where only the text is known. */
  readonly tokens?: ArrayLike<number>;
}

/** How the model rates right and wrong answers to one question: mean negative log-likelihood per token of each, in nats. */
export interface ContrastExample {
  /** The answer as trained on. */
  readonly answer: number;
  /** Rephrasings of the right answer. */
  readonly paraphrased: readonly number[];
  /** Wrong answers of the same form. */
  readonly perturbed: readonly number[];
}

/** A question with options, each as a continuation of the question. */
export interface ChoiceExample {
  readonly options: readonly string[];
  /** Index of the right one. */
  readonly correct: number;
  /** Natural logarithm of the probability of each option's tokens together. */
  readonly logProbabilities: readonly number[];
}

/** How hard a record pulls at the weights. */
export interface GradientNormExample {
  /** L2 norm of the loss's gradient, of each weight tensor. */
  readonly tensors: readonly number[];
}

/** A record's mean negative log-likelihood per token, alone and after records that the model never saw. */
export interface InContextExample {
  readonly alone: number;
  readonly inContext: number;
}

/** How near an answer's embedding is to that of the expected one. */
export interface SimilarityExample {
  /** In [−1, 1]. */
  readonly cosine: number;
}

/** Whether a judge finds the one answer to follow from the other. */
export interface EntailmentExample extends GeneratedExample {
  readonly entailed: boolean;
}

/** How well an answer reads. */
export interface FluencyExample {
  /** In [0, 1]. */
  readonly probability: number;
}

/** What a judge thinks of an answer. */
export interface ToxicityExample {
  /** Of being toxic, in [0, 1]. */
  readonly probability: number;
}

/** An answer under another model. */
export interface LanguageExample {
  /** Mean negative log-likelihood per token, in nats. */
  readonly loss: number;
}

/** An answer among the set's. */
export interface NoveltyExample {
  /** Pairs of neighbouring words. */
  readonly pairs: number;
  /** Distinct ones among them that no answer before it has. */
  readonly fresh: number;
}

/** An answer that is a program, run with its tests. */
export interface ExecutedExample {
  readonly passed: boolean;
}

/** An answer that is a program, read by Python's parser. */
export interface ParsedExample {
  readonly valid: boolean;
}

/** What a metric needs of every record, by name. */
export interface MetricInputs {
  "teacher-forced": TeacherForcedExample;
  distribution: DistributionExample;
  generated: GeneratedExample;
  contrast: ContrastExample;
  choices: ChoiceExample;
  "gradient-norm": GradientNormExample;
  "in-context": InContextExample;
  similarity: SimilarityExample;
  entailment: EntailmentExample;
  fluency: FluencyExample;
  toxicity: ToxicityExample;
  language: LanguageExample;
  novelty: NoveltyExample;
  executed: ExecutedExample;
  parsed: ParsedExample;
}
export type InputKind = keyof MetricInputs;

/** Where better results lie; `neutral` where a value says nothing about quality. */
export type Direction = "higher" | "lower" | "neutral";

export interface Metric<Kind extends InputKind> {
  readonly name: string;
  /** One line for a table or a help text. */
  readonly summary: string;
  readonly needs: Kind;
  readonly better: Readonly<Record<SetRole, Direction>>;
  /** Paper and section or equation. */
  readonly source: string;
  /** Modes it has; `corrected` alone for metrics that repeat no published code. */
  readonly modes: readonly [Mode, ...Mode[]];
  /** What the published code does differently from its definition; absent where both modes give the same number. */
  readonly quirk?: string;
  /** True for a metric whose option `corpus` is the text that counts as language; filled from the configuration's corpus unless given. */
  readonly usesCorpus?: boolean;
  /** What a record lacks for which the metric is undefined, for a set in which every record lacks it. */
  readonly undefinedWithout?: string;
  /** Options, each with its default. */
  readonly options: z.ZodType;
  /** Under what name a result with these options is kept: the metric's own, longer where an option makes another measure of it. */
  key(options?: unknown): string;
  /**
   * The function from one example to its raw value; null where the metric is undefined for it.
   * @throws ConfigError for options that do not fit, naming the key.
   */
  measure(mode: Mode, options?: unknown): (example: MetricInputs[Kind]) => number | null;
  /** From the raw values that are defined to the value of the set. */
  aggregate(values: ArrayLike<number>): number;
  /** From a raw value to the one kept and shown per example. */
  show(value: number): number;
}

export type AnyMetric = { [Kind in InputKind]: Metric<Kind> }[InputKind];

type Definition<Kind extends InputKind, Options extends z.ZodType> = Pick<
  Metric<Kind>,
  "name" | "summary" | "needs" | "better" | "source" | "modes"
> & {
  readonly quirk?: string;
  readonly usesCorpus?: boolean;
  readonly undefinedWithout?: string;
  readonly options: Options;
  /** What the name is continued by, "" for none. */
  variant?(options: z.infer<Options>): string;
  measure(options: z.infer<Options>, mode: Mode): (example: MetricInputs[Kind]) => number | null;
  aggregate?(values: ArrayLike<number>): number;
  show?(value: number): number;
};

/** Completes a definition: validates options before measuring; averages and shows raw values unless told otherwise. */
export function defineMetric<Kind extends InputKind, Options extends z.ZodType>(
  definition: Definition<Kind, Options>,
): Metric<Kind> {
  const { measure, name, options: schema, variant = () => "" } = definition;
  const parse = (options: unknown): z.infer<Options> => {
    const parsed = schema.safeParse(options, { reportInput: true });
    if (parsed.success) return parsed.data;
    const [problem] = findProblems(schema, options, parsed.error) as [Problem];
    throw new ConfigError(`metric "${name}": ${problem.message}`, {
      place: { key: keyName(problem.path) },
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    });
  };
  return {
    aggregate: mean,
    show: (value) => value,
    ...definition,
    key: (options = {}) => name + variant(parse(options)),
    measure: (mode, options = {}) => measure(parse(options), mode),
  };
}

/** The mode a metric will run in: the wanted one if it has it, otherwise the one it has. */
export function modeOf(metric: Pick<AnyMetric, "modes">, wanted: Mode): Mode {
  return metric.modes.includes(wanted) ? wanted : metric.modes[0];
}
