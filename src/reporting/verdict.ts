// The one sentence above everything: how far forgetting went, measured against before and against a model retrained without the data, and how much of the rest was kept.
import type { Evaluation } from "../evaluation/result.ts";
import { type ComparisonGroup, type ComparisonRow, compare } from "./comparison.ts";
import type { ForgetJudgement, KeepJudgement } from "./judgement.ts";
import { fewExamples } from "./judgement.ts";
import { capitalise, formatPercent, formatValue } from "./metric-style.ts";

export interface Verdict {
  readonly status:
    | "forgotten"
    | "damaged"
    | "remembered"
    | "over-forgotten"
    | "mixed"
    | "unclear"
    | "nothing-to-forget"
    | "no-baseline"
    | "nothing-to-compare";
  /** A few words, such as "Forgotten, the rest kept". */
  readonly headline: string;
  /** The same with its numbers, one sentence. */
  readonly sentence: string;
}

interface Measure {
  readonly group: ComparisonGroup;
  readonly row: ComparisonRow;
  readonly value: (column: string) => string;
}

/**
 * Judges every measure (set × metric of known direction; corrected mode where both exist) and says the worst of it.
 *
 * Forget sets: a measure has reached the baseline when the whole 95 % interval of (after − retrained) lies within 10 % of the distance from before to retrained;
 * it still remembers, or is over-forgotten, when that interval lies wholly above, or below, zero and leaves that band; otherwise, and below 30 examples, it is unclear.
 * "Forgotten" needs all measures at the baseline. Without a retrained column there is no such statement, only "no baseline".
 * Retained and general sets: kept when even the low end of the interval of after ÷ before is at least 90 %, lost when even the high end is below.
 */
export function verdict(evaluations: readonly Evaluation[]): Verdict {
  const { columns, groups } = compare(evaluations);
  const measures = groups.flatMap((group) =>
    group.rows.filter(preferCorrected).map((row) => measure(group, row, columns)),
  );
  const forget = measures.filter(({ group, row }) => group.role === "forget" && row.style.remembers !== "unknown");
  const main = forget.find(({ row }) => both(row, columns));
  if (!main) {
    return {
      status: "nothing-to-compare",
      headline: "Nothing to compare",
      sentence: "This run holds no forget measure of the model both before and after.",
    };
  }
  const rest = judgeRest(measures);
  const judged = forget.flatMap((m) => (m.row.forgetting ? [{ ...m, judgement: m.row.forgetting }] : []));
  if (judged.length === 0) {
    return {
      status: "no-baseline",
      headline: `No baseline${rest.headline}`,
      sentence: `${movement(main)}, but without a model retrained without the data nobody can say whether that is forgotten; ${rest.sentence}.`,
    };
  }
  const { status, headline, sentence } = judgeForget(judged);
  return {
    status: status === "forgotten" ? rest.status : status,
    headline: `${headline}${rest.headline}`,
    sentence: `${sentence}; ${rest.sentence}.`,
  };
}

function judgeForget(judged: readonly (Measure & { readonly judgement: ForgetJudgement })[]) {
  const having = (outcome: ForgetJudgement["outcome"]) =>
    judged.filter(({ judgement }) => judgement.outcome === outcome);
  const furthest = (list: typeof judged) =>
    list.toSorted((a, b) => Math.abs(1 - b.judgement.progress) - Math.abs(1 - a.judgement.progress))[0];
  const total = judged.length - having("nothing").length;
  const main = judged.find(({ judgement }) => judgement.outcome !== "nothing") ?? judged[0];
  if (!main) throw new RangeError("no judged measure");
  if (total === 0) {
    return {
      status: "nothing-to-forget" as const,
      headline: "Nothing to forget",
      sentence: `${movement(main)}, and the model before knew no more than the retrained one (${main.value("retrained")})`,
    };
  }
  const [reached, remembers, over, unclear] = [
    having("reached"),
    having("remembers"),
    having("over"),
    having("unclear"),
  ];
  const worst = furthest(remembers)?.judgement.progress ?? 1;
  const few = Math.min(...unclear.map(({ judgement }) => judgement.n));
  const example = (list: typeof judged) => {
    const one = furthest(list);
    return !one || total === 1
      ? ""
      : ` (${list.length > 1 ? "most: " : ""}${named(one)}, ${one.value("after")} against ${one.value("retrained")})`;
  };
  const outcomes = [
    { count: reached.length, words: "at that baseline" },
    { count: remembers.length, words: `still remembered${example(remembers)}` },
    { count: over.length, words: `over-forgotten, beyond it${example(over)}` },
    { count: unclear.length, words: `too uncertain to call${few < fewExamples ? ` (n = ${few} is few)` : ""}` },
  ].filter(({ count }) => count > 0);
  const tally =
    total === 1
      ? `this one forget measure is ${outcomes[0]?.words}`
      : outcomes.length === 1
        ? `${total === 2 ? "both" : `all ${total}`} forget measures are ${outcomes[0]?.words}`
        : `of ${total} forget measures ${listed(outcomes.map(({ count, words }) => `${count} ${count === 1 ? "is" : "are"} ${words}`))}`;
  const worse =
    remembers.length > 0 ? (over.length > 0 ? "mixed" : "remembered") : over.length > 0 ? "over-forgotten" : "";
  const status = worse || (unclear.length > 0 ? "unclear" : "forgotten");
  const headlines = {
    mixed: "Partly remembered, partly over-forgotten",
    remembered: worst < 0.5 ? "Not forgotten" : "Not fully forgotten",
    "over-forgotten": "Over-forgotten",
    unclear: "Unclear whether forgotten",
    forgotten: "Forgotten",
  } as const;
  return {
    status,
    headline: headlines[status],
    sentence: `${movement(main)}, with ${main.value("retrained")} for a model retrained without the data; ${tally}`,
  } as const;
}

/** `status` is what the verdict becomes where everything to forget is forgotten. */
function judgeRest(measures: readonly Measure[]): {
  headline: string;
  sentence: string;
  status: "forgotten" | "damaged" | "unclear";
} {
  const judged = measures.flatMap((m) =>
    m.group.role !== "forget" && m.row.keeping ? [{ ...m, keeping: m.row.keeping }] : [],
  );
  const worst = (outcomes: readonly KeepJudgement["outcome"][]) =>
    judged
      .filter(({ keeping }) => outcomes.includes(keeping.outcome))
      .toSorted((a, b) => a.keeping.part - b.keeping.part)[0];
  const lost = worst(["lost"]);
  const unclear = worst(["unclear"]);
  const lowest = lost ?? unclear ?? worst(["kept"]);
  if (!lowest)
    return { headline: ", the rest not measured", sentence: "what it kept was not measured", status: "unclear" };
  const { part, interval, n } = lowest.keeping;
  const numbers = `${lowest.value("before")} to ${lowest.value("after")}, n = ${n}`;
  if (lost) {
    return {
      headline: ", but the rest suffered",
      sentence: `of the rest, ${named(lost)} kept only ${formatPercent(part)} (${numbers})`,
      status: "damaged",
    };
  }
  if (unclear) {
    const why = n < fewExamples ? `n = ${n} is few` : `the interval reaches down to ${formatPercent(interval[0])}`;
    return {
      headline: ", the rest unclear",
      sentence: `of the rest, ${named(unclear)} kept ${formatPercent(part)}, but ${why}`,
      status: "unclear",
    };
  }
  return {
    headline: ", the rest kept",
    sentence: `the rest kept ${formatPercent(part)} or more by every measure (least: ${named(lowest)}, ${numbers})`,
    status: "forgotten",
  };
}

/** "a, b and c" */
function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

function measure(group: ComparisonGroup, row: ComparisonRow, columns: readonly string[]): Measure {
  const value = (column: string) => {
    const cell = row.cells[columns.indexOf(column)];
    return cell ? formatValue(cell.value, row.style) : "none";
  };
  return { group, row, value };
}

function movement(measure: Measure): string {
  const n = Math.min(...measure.row.cells.flatMap((cell) => (cell ? [cell.n] : [])));
  const [from, to] = [measure.value("before"), measure.value("after")];
  const moved = from === to ? `stayed at ${to}` : `went from ${from} to ${to}`;
  return capitalise(`${named(measure)} ${moved} (n = ${n})`);
}

const named = ({ group, row }: Measure) => `${row.style.title} on ${group.title}`;

const both = (row: ComparisonRow, columns: readonly string[]) =>
  row.cells[columns.indexOf("before")] !== undefined && row.cells[columns.indexOf("after")] !== undefined;

const preferCorrected = (row: ComparisonRow, _index: number, rows: readonly ComparisonRow[]) =>
  row.mode === "corrected" || !rows.some((other) => other.metric === row.metric && other.mode === "corrected");
