// The report page: one self-contained HTML document made from a run summary. Pure; reading and writing files is elsewhere.
import type { RevealedText } from "../unlearning/sources/revealed/revealed-text.ts";
import { type Comparison, compare } from "./comparison.ts";
import { pageDocument } from "./document.ts";
import { html, type Markup } from "./markup.ts";
import { capitalise, metricRank } from "./metric-style.ts";
import { trainingCurves } from "./plots/curves.ts";
import { distributionPlot } from "./plots/distribution.ts";
import { regionMap } from "./plots/region-map.ts";
import { tradeOffPlot, tradeOffs } from "./plots/trade-off.ts";
import type { RunSummary } from "./run-folder.ts";
import { answersSideBySide } from "./sections/answers.ts";
import { measuresTable } from "./sections/measures.ts";
import { configuration, provenance, reproduction } from "./sections/provenance.ts";
import { revealingSection } from "./sections/revealing.ts";
import { roundsSection } from "./sections/rounds.ts";
import { choice, section } from "./sections/section.ts";
import { verdict } from "./verdict.ts";

/** The whole document as text. Same summary, same bytes. What the model revealed is shown only where its texts are handed in. */
export function renderReport(run: RunSummary, revealedTexts: readonly RevealedText[] = []): string {
  const comparison = compare(run.evaluations);
  return pageDocument({
    title: `${run.name} · Lethe report`,
    overline: `Lethe · report of ${run.kind === "teaching" ? "a teaching run" : "an unlearning run"}`,
    heading: run.name,
    date: html`<time datetime="${run.manifest.created}">${writtenDate(run.manifest.created)}</time>`,
    main: html`${run.notices.map((notice) => html`<p class="notice">${notice}</p>`)}
  ${run.kind === "unlearning" && forgettingSections(run)}
  ${run.rounds && section("rounds", "Rounds", roundsSection(run.rounds), `No round was taken: ${run.rounds.ended ?? "the first is not done"}.`)}
  ${run.region && section("region", "Where it may move", regionMap(run.region, run.steps), "")}
  ${run.revealed && section("revealing", "What the model revealed", revealingSection(run.revealed, revealedTexts), "")}
  ${section("training", "Training", run.steps.length > 0 ? trainingCurves(run.steps) : undefined, "metrics.jsonl is missing or empty: no steps to show.")}
  ${section("measures", "Measures", measuresTable(comparison), "evaluation/ holds no evaluation: nothing was measured.")}
  ${section("answers", "Answers", answersSideBySide(run.evaluations), "No sample answers were saved with the evaluations.")}
  ${section("examples", "Example by example", distributions(comparison), "No values per example were saved with the evaluations.")}
  ${section("config", "Configuration", configuration(run.config), "")}
  ${section("provenance", "Provenance", provenance(run.manifest, run.evaluations), "")}
  ${section("reproduce", "Run it again", reproduction(run.manifest), "")}`,
  });
}

/** What only a run that had to forget is asked. */
function forgettingSections(run: RunSummary): Markup {
  const { status, headline, sentence } = verdict(run.evaluations);
  return html`<section class="${`verdict ${status}`}" aria-label="Verdict">
    <p class="headline">${headline}</p>
    <p class="sentence">${unbroken(sentence)}</p>
    <details><summary>How this is decided</summary>${decision}</details>
  </section>
  ${section("trade-off", "Forgetting against keeping", tradeOffSection(run), "This plot needs an evaluation of a set to forget and of a set to keep; this run has none.")}`;
}

const decision = html`<p>Each forget measure is compared with a model retrained without the data. It is at the baseline when the whole 95 % interval of its difference lies within
  10 % of the distance from before to retrained; it still remembers, or is over-forgotten, when that interval lies wholly on one side and leaves the band. Forgetting further than
  the retrained model is not better: it shows, too, that something was removed. “Forgotten” needs every measure at the baseline, and no measure of fewer than 30 examples is called either way.</p>
  <p>The rest is kept when even the low end of the interval of after ÷ before is at least 90 % for every measure.</p>
  <p>These numbers describe answers to the questions that were asked. They do not rule out that the knowledge can be brought back by further training or by other attacks.</p>`;

function tradeOffSection(run: RunSummary): Markup | undefined {
  const options = tradeOffs(run.evaluations, run.trajectory);
  if (options.length === 0) return undefined;
  return choice(
    "Measure",
    options.map((option) => ({ name: capitalise(option.style.title), content: tradeOffPlot(option) })),
  );
}

/** The best known metric of every set. */
function distributions({ groups, columns }: Comparison): Markup | undefined {
  const plots = groups.flatMap((group) => {
    const main = group.rows.toSorted((a, b) => metricRank(a.metric) - metricRank(b.metric))[0];
    return (main && distributionPlot(group, main, columns)) ?? [];
  });
  if (plots.length === 0) return undefined;
  return html`<p class="note">How many examples have which value; the dot is the aggregate with its 95 % interval.</p><div class="distributions">${plots}</div>`;
}

/** Keeps "96 %" and "n = 320" on one line. */
function unbroken(sentence: string): string {
  return sentence.replace(/(?<=\d) (?=%)|(?<=\bn) (?==)|(?<==) (?=\d)/g, "\u00a0");
}

function writtenDate(iso: string): string {
  return `${new Date(iso).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" })} UTC`;
}
