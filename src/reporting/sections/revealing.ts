// How the search for what the model knows went: rewards and coverage over its texts, and which instructions earned most. Redacted unless the texts are handed in.
import { sha256 } from "../../core/files.ts";
import type { RevealedText } from "../../unlearning/sources/revealed/revealed-text.ts";
import type { RoundStatistics } from "../../unlearning/sources/revealed/statistics.ts";
import { html, type Markup } from "../markup.ts";
import { formatNumber } from "../metric-style.ts";
import { curvePlot } from "../plots/curves.ts";
import { choice } from "./section.ts";

/** Undefined when nothing was revealed. `texts`: what the model said, where the reader asked for it. */
export function revealingSection(
  rounds: readonly RoundStatistics[] | undefined,
  texts: readonly RevealedText[] = [],
): Markup | undefined {
  if (rounds === undefined || rounds.length === 0) return undefined;
  const instructions = new Map(texts.map(({ instruction }) => [sha256(instruction), instruction]));
  const kept = texts.filter((text) => text.kept);
  return html`<p class="note">The model was asked for what must go; nothing of it was given. A text's reward is relevance × novelty × fluency.</p>
  ${choice(
    "Round",
    rounds.map((round) => ({ name: `Round ${round.round}`, content: roundOf(round, instructions) })),
  )}
  ${
    kept.length > 0 &&
    html`<details><summary>${Math.min(shown, kept.length)} of ${kept.length} texts that were trained on</summary>
    ${kept.slice(0, shown).map(({ instruction, text }) => html`<p><b>${instruction}</b> ${text}</p>`)}</details>`
  }`;
}

const shown = 50;

function roundOf(
  { batches, coverage, filtered, best, ended, search, trainedOn }: RoundStatistics,
  instructions: ReadonlyMap<string, string>,
) {
  const texts = batches.map((batch) => batch.texts);
  const curve = (name: string, values: readonly number[]) => ({ name, values });
  const why = ended === "saturated" ? "nothing new came any more" : "the budget was used up";
  const out = Object.entries(filtered).map(([reason, count]) => `${count} for ${reason}`);
  return html`<p class="note">${texts.at(-1) ?? 0} texts (search: ${search}), ${trainedOn.length} trained on; it ended since ${why}.
    ${out.length > 0 && `Kept out: ${out.join(", ")}.`}</p>
  <div class="curves">
    ${curvePlot(
      "Mean of a batch",
      (["reward", "relevance", "novelty", "fluency"] as const).map((name) =>
        curve(
          name,
          batches.map((batch) => batch[name]),
        ),
      ),
      texts,
      "text",
    )}
    ${curvePlot(
      "Distinct n-grams kept",
      [
        curve(
          "n-grams",
          batches.map(({ ngrams }) => ngrams),
        ),
      ],
      texts,
      "text",
    )}
    ${
      coverage.length > 0 &&
      curvePlot(
        "Share of true facts told",
        coverage.map(({ fact, found }) => curve(fact, found)),
        texts,
        "text",
      )
    }
  </div>
  ${coverage.map(({ fact, facts, found, trainedOn: kept }) => html`<p class="note">${fact}: ${percent(found.at(-1))} of ${facts} told, ${percent(kept)} in what was trained on.</p>`)}
  <table class="measures"><thead><tr><th scope="col">Instructions that earned most</th><th scope="col">form</th><th scope="col">from</th>
    <th scope="col" class="figure">asked</th><th scope="col" class="figure">mean reward</th></tr></thead>
    <tbody>${best.map(
      (
        each,
      ) => html`<tr><th scope="row">${instructions.get(each.sha256) ?? html`<span class="quiet">redacted, SHA-256 ${each.sha256.slice(0, 12)}…</span>`}</th>
      <td>${each.form}</td><td>${each.origin}</td><td class="figure">${each.times}</td><td class="figure">${formatNumber(each.reward)}</td></tr>`,
    )}</tbody></table>`;
}

const percent = (share = 0) => `${(100 * share).toFixed(1)} %`;
