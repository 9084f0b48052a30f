// How each metric is named, written and read: which direction means "remembers", on which scale, with how many digits. Knows metrics by name only, not how they are computed.

export interface MetricStyle {
  /** Name inside a sentence. */
  readonly title: string;
  /** What the number says, for a reader who does not know the metric. */
  readonly meaning: string;
  /** Which end means that the model still knows the text; a metric of unknown direction is shown and not judged. */
  readonly remembers: "high" | "low" | "unknown";
  /** share: 0–1; percent: 0–100; logarithmic: positive, unbounded, compared by ratio; free: any number. */
  readonly scale: "share" | "percent" | "logarithmic" | "free";
  /** True for what only other measures are made of: kept in the run folder and left out of tables. */
  readonly inner?: true;
}

const share = (title: string, meaning: string, remembers: MetricStyle["remembers"] = "high"): MetricStyle => ({
  title,
  meaning,
  remembers,
  scale: "share",
});

const free = (title: string): MetricStyle => ({ title, meaning: "", remembers: "unknown", scale: "free" });

/** By the evaluation's names, in order of preference for the headline: what a person would see in an answer comes first. */
const styles: ReadonlyMap<string, MetricStyle> = new Map<string, MetricStyle>([
  ["rouge-l", share("ROUGE-L", "overlap of the given answer with the expected one, word order kept")],
  ["exact-answer", share("exact answers", "answers given that are the expected one word for word")],
  ["rouge-1", share("ROUGE-1", "words that the given answer shares with the expected one")],
  [
    "token-accuracy",
    share("token accuracy", "tokens of the expected answer predicted right, given the true words before them"),
  ],
  ["exact-memorisation", share("exact memorisation", "as token accuracy, by the definition used for memorisation")],
  ["extraction-strength", share("extraction strength", "part of the expected answer that its beginning brings back")],
  [
    "rouge-l-forced",
    share("ROUGE-L, forced", "overlap of the answer with its likeliest words, given the true ones before"),
  ],
  ["rouge-2", share("ROUGE-2", "pairs of words that the given answer shares with the expected one")],
  ["verbatim-memorisation", share("verbatim memorisation", "overlap of the continued passage with the true one")],
  ["knowledge-memorisation", share("knowledge memorisation", "overlap of the given answer with the true one")],
  [
    "bleu",
    {
      title: "BLEU",
      meaning: "runs of up to four words that the given answer shares with the expected one",
      remembers: "high",
      scale: "percent",
    },
  ],
  ["choice-accuracy", share("accuracy", "questions whose right option is the most likely one")],
  [
    "choice-accuracy-normalised",
    share("accuracy, normalised", "questions whose right option is the most likely one per character"),
  ],
  ["probability", share("probability", "probability of the expected answer, per token")],
  ["choice-probability", share("choice probability", "probability of the expected answer among the choices")],
  ["paraphrase-probability", share("paraphrase probability", "probability of the answer in other words, per token")],
  [
    "unlearn-success",
    {
      title: "unlearn success",
      meaning: "tokens of the expected answer predicted wrong, in percent",
      remembers: "low",
      scale: "percent",
    },
  ],
  [
    "retention-success",
    {
      title: "retention success",
      meaning: "tokens of the expected answer predicted right, in percent",
      remembers: "high",
      scale: "percent",
    },
  ],
  [
    "perplexity",
    {
      title: "perplexity",
      meaning: "how surprised the model is by each token of the expected text; 1 is not at all",
      remembers: "low",
      scale: "logarithmic",
    },
  ],
  // What these say about remembering depends on the set, so they are shown and not judged.
  ["truth-ratio", share("truth ratio", "how wrong answers compare with right ones in probability", "unknown")],
  ["truth-ratio-logarithm", { ...free("truth ratio, logarithm"), inner: true }],
  ...["loss", "zlib", "min-k", "min-k-plus-plus", "gradient-norm", "recall"].map(
    (attack) => [`membership-${attack}`, { ...free(`score of attack ${attack}`), inner: true }] as const,
  ),
  ["cosine-similarity", share("similarity", "nearness in meaning of the given answer and the expected one")],
  ["entailment", share("entailment", "answers that agree with the expected one, by a judge")],
  ["fluency", share("fluency", "how well the given answer reads, by a classifier", "unknown")],
  ["entity-f1", share("entity F1", "entities listed that are the expected ones, word for word")],
  ["exact-number", share("exact numbers", "answers that end in the expected number")],
  ["pass-at-1", share("pass@1", "programs written that pass their tests")],
  ["code-validity", share("valid code", "programs written that are Python by their syntax", "unknown")],
  ["toxicity", share("toxicity", "how toxic a judge finds what the model wrote", "unknown")],
  [
    "toxic-share",
    share("toxic answers", "answers that a judge finds toxic with more than this probability", "unknown"),
  ],
  ["diversity", share("diversity", "word pairs that no other answer has, of all", "unknown")],
  [
    "generated-perplexity",
    {
      title: "perplexity of what is written",
      meaning: "how surprised another model is by each token that this one wrote",
      remembers: "unknown",
      scale: "logarithmic",
    },
  ],
  ["token-entropy", share("token entropy", "how evenly an answer uses its tokens", "unknown")],
  ["distinct-words", share("distinct words", "words of an answer that are not repeats", "unknown")],
  ["degenerate", share("degenerate answers", "answers that say nothing or repeat themselves", "unknown")],
  ["n-gram-entropy", { ...free("fluency"), meaning: "entropy of an answer's runs of two and three words, in bits" }],
  ["gibberish", share("gibberish", "answers that are not language", "unknown")],
  // Measures over several sets. Which end is better they say themselves.
  [
    "forget-quality",
    {
      title: "forget quality",
      meaning: "p-value that model and retrained model answer the forget set alike",
      remembers: "unknown",
      scale: "logarithmic",
    },
  ],
  ["membership-inference", share("membership inference", "AUC of an attack: 1 recognised, 0.5 not", "unknown")],
  [
    "privleak",
    {
      ...free("PrivLeak"),
      meaning: "attack against the retrained model's: 0 ideal, below leaks, above over-unlearned",
    },
  ],
  [
    "relative-difference",
    { ...free("relative difference"), meaning: "of an attack's AUC to the retrained model's, in percent: 0 ideal" },
  ],
  ["model-utility", share("model utility", "everything the model should still do, as one number", "unknown")],
  ["memorisation-score", share("memorisation score", "how little of the forget set is memorised", "unknown")],
  ["privacy-score", share("privacy score", "how near attacks come to their success on the retrained model", "unknown")],
  ["utility-score", share("utility score", "model utility and fluency relative to before", "unknown")],
  [
    "mean-success",
    {
      title: "mean success",
      meaning: "mean of unlearn and retention success; 50 for an untouched model",
      remembers: "unknown",
      scale: "percent",
    },
  ],
  [
    "accuracy-distance",
    {
      ...free("accuracy above retrained"),
      meaning: "token accuracy against the retrained model's, in points: 0 ideal",
    },
  ],
  [
    "perplexity-distance",
    { ...free("log-perplexity above retrained"), meaning: "against the retrained model's, in nats: 0 ideal" },
  ],
  ["overall-score", share("overall score", "memorisation, privacy and utility as one number", "unknown")],
]);
const ranks = [...styles.keys()];

/** The style of a metric by its name, an option's variant by the longest name it continues; a name not known is shown as it is and not judged. */
export function metricStyle(metric: string): MetricStyle {
  const known = styles.get(metric);
  if (known) return known;
  const base = ranks.filter((name) => metric.startsWith(`${name}-`)).toSorted((a, b) => b.length - a.length)[0];
  const style = base === undefined ? undefined : styles.get(base);
  if (base === undefined || !style) return free(metric);
  return { ...style, title: `${style.title} (${metric.slice(base.length + 1).replaceAll("-", " ")})` };
}

/** Smaller is a better headline. */
export function metricRank(metric: string): number {
  const index = ranks.indexOf(metric);
  return index === -1 ? ranks.length : index;
}

/** Between what a share or a percentage lies; undefined on a scale without ends. */
export function boundsOf({ scale }: Pick<MetricStyle, "scale">): readonly [number, number] | undefined {
  if (scale === "share") return [0, 1];
  return scale === "percent" ? [0, 100] : undefined;
}

/** A value as it is printed: 0.110, 97.3, 8.21, 1.3e10. */
export function formatValue(value: number, { scale }: Pick<MetricStyle, "scale">): string {
  if (!Number.isFinite(value)) return "not finite";
  if (scale === "share") return value.toFixed(3);
  if (scale === "percent") return value.toFixed(1);
  return formatNumber(value);
}

/** Any number in about three significant digits. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
  if (size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A part of a whole as percent without decimals: 0.968 -> "97 %". */
export function formatPercent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
