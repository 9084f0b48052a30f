// Answers side by side: question, what was expected, and what each column's model said, with the words that differ from the answer before marked.
import type { Evaluation, SampleAnswer, SetResult } from "../../evaluation/result.ts";
import { setsOf } from "../comparison.ts";
import { html, type Markup } from "../markup.ts";
import { capitalise } from "../metric-style.ts";
import { inlineMark } from "../plots/frame.ts";
import { type Piece, wordDifference } from "../word-difference.ts";

/** Shown at once; the others of a set fold away. */
const openAnswers = { forget: 4, retain: 2, general: 2 } as const;
/** The page holds this many per set; the run folder holds all. */
const mostAnswers = 60;
/** Characters from which an answer gets a box of its own that scrolls. */
const longAnswer = 700;

interface Row {
  readonly question: string;
  readonly expected: string;
  readonly answers: readonly { readonly column: string; readonly text: string }[];
}

export function answersSideBySide(evaluations: readonly Evaluation[]): Markup | undefined {
  const groups = setsOf(evaluations).flatMap((set) => {
    const rows = rowsOf(set, evaluations);
    return rows.length > 0 ? [{ set, rows }] : [];
  });
  if (groups.length === 0) return undefined;
  return html`<p class="note">Marked: <del>words of the answer before that are gone</del>, <ins>words that were not in it</ins>.</p>
    ${groups.map(({ set, rows }) => {
      const shown = rows.slice(0, mostAnswers);
      const open = openAnswers[set.role];
      const folded = shown.slice(open);
      return html`<div class="answers">
        <h3>${capitalise(set.title)}</h3>
        ${shown.slice(0, open).map(answerCard)}
        ${folded.length > 0 && html`<details><summary>${folded.length} more</summary>${folded.map(answerCard)}</details>`}
        ${rows.length > shown.length && html`<p class="note">${shown.length} of ${rows.length} are shown; all are in the run folder under <code>evaluation/</code>.</p>`}
      </div>`;
    })}`;
}

/** Joins the columns' samples of one set by question and expected answer, in the order of the first column that has them. */
function rowsOf({ set }: SetResult, evaluations: readonly Evaluation[]): Row[] {
  const rows = new Map<string, { question: string; expected: string; answers: { column: string; text: string }[] }>();
  for (const { column, sets } of evaluations) {
    const seen = new Map<string, number>();
    for (const sample of sets.find((result) => result.set === set)?.samples ?? []) {
      const key = keyOf(sample, seen);
      const row = rows.get(key) ?? { question: sample.question, expected: sample.expected, answers: [] };
      row.answers.push({ column, text: sample.generated });
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/** The same question may be asked twice: the second one of a column meets the second one of another. */
function keyOf({ question, expected }: SampleAnswer, seen: Map<string, number>): string {
  const text = JSON.stringify([question, expected]);
  const times = seen.get(text) ?? 0;
  seen.set(text, times + 1);
  return `${times} ${text}`;
}

function answerCard({ question, expected, answers }: Row): Markup {
  const textOf = (column: string) => answers.find((answer) => answer.column === column)?.text;
  const before = textOf("before");
  return html`<article class="answer">
    <h4 dir="auto">${question === "" ? "(text without a question)" : question}</h4>
    ${spoken("expected", [{ text: expected, shared: true }], "ins")}
    <div class="said">${answers.map(({ column, text }) => {
      const other = column === "before" ? textOf("after") : before;
      if (other === undefined) return spoken(column, [{ text, shared: true }], "ins");
      return column === "before"
        ? spoken(column, wordDifference(text, other).left, "del")
        : spoken(column, wordDifference(other, text).right, "ins");
    })}</div>
  </article>`;
}

function spoken(who: string, pieces: readonly Piece[], tag: "del" | "ins"): Markup {
  const length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
  const content = pieces.map(({ text, shared }) => {
    if (shared) return text;
    const [words = "", space = ""] = [text.trimEnd(), text.slice(text.trimEnd().length)];
    return tag === "del" ? html`<del>${words}</del>${space}` : html`<ins>${words}</ins>${space}`;
  });
  const name =
    who === "expected"
      ? html`<span class="who">${who}</span>`
      : html`<span class="who">${inlineMark(who)} ${who}</span>`;
  if (length === 0) return html`<div class="${`speech ${who}`}">${name}<p class="quiet">(empty)</p></div>`;
  if (length < longAnswer) return html`<div class="${`speech ${who}`}">${name}<p dir="auto">${content}</p></div>`;
  return html`<div class="${`speech ${who}`}">${name}<p dir="auto" class="long" tabindex="0" role="group" aria-label="${`${who}, ${length} characters`}">${content}</p></div>`;
}
