// The page of models that were measured without a run: their measures side by side, answers, and, of a model with offsets at several strengths, what each
// strength forgets and keeps. Pure; made of evaluations alone.

import type { Evaluation } from "../evaluation/result.ts";
import { compare } from "./comparison.ts";
import { pageDocument } from "./document.ts";
import { html, type Markup } from "./markup.ts";
import { capitalise } from "./metric-style.ts";
import { strengthTradeOffs, tradeOffPlot } from "./plots/trade-off.ts";
import { answersSideBySide } from "./sections/answers.ts";
import { measuresTable } from "./sections/measures.ts";
import { choice, section } from "./sections/section.ts";
import { shellLine } from "./shell.ts";

export interface EvaluationPage {
  readonly evaluations: readonly Evaluation[];
  /** As typed. */
  readonly command: readonly string[];
}

/** The whole document as text. Same evaluations, same bytes. */
export function renderEvaluationPage({ evaluations, command }: EvaluationPage): string {
  const models = [...new Set(evaluations.map(({ model }) => model))];
  const strengths = evaluations.some(({ alpha }) => alpha !== undefined);
  const named = models.length === 1 ? evaluations.map(byStrength) : evaluations;
  const table = measuresTable(compare(named));
  return pageDocument({
    title: "Evaluation · Lethe",
    overline: "Lethe · evaluation",
    heading: models.length === 1 ? (models[0] as string) : `${models.length} models`,
    main: html`${strengths && section("strength", "What the strength α trades", strengthSection(evaluations, models), "This plot needs several strengths, and a measure of both a set to forget and one to keep.")}
  ${section("measures", "Measures", table && html`<div class="wide" tabindex="0" role="region" aria-label="measures">${table}</div>`, "Nothing was measured.")}
  ${section("answers", "Answers", answersSideBySide(named), "No answers were asked for.")}
  ${section("reproduce", "Run it again", html`<pre tabindex="0" aria-label="command"><code>${shellLine(command)}</code></pre>`, "")}`,
  });
}

/** The model's name heads the page, so a column needs the strength alone. */
const byStrength = (evaluation: Evaluation): Evaluation =>
  evaluation.alpha === undefined ? evaluation : { ...evaluation, column: `α ${evaluation.alpha}` };

function strengthSection(evaluations: readonly Evaluation[], models: readonly string[]): Markup | undefined {
  const plots = models.flatMap((model) =>
    strengthTradeOffs(evaluations.filter((each) => each.model === model)).map((tradeOff) => ({
      name: capitalise(tradeOff.style.title) + (models.length > 1 ? `, ${model}` : ""),
      content: tradeOffPlot(tradeOff),
    })),
  );
  return plots.length > 0 ? choice("Measure", plots) : undefined;
}
