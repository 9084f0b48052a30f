// What a plan of several rounds did in each, and where each round's result lies, so that another than the last can be chosen.
import type { IterateFound } from "../../unlearning/plans/iterate-found.ts";
import { html, type Markup } from "../markup.ts";
import { capitalise, formatNumber, formatValue, metricStyle } from "../metric-style.ts";
import { roundsPlot } from "../plots/rounds.ts";

/** Undefined when no round was taken. */
export function roundsSection(found: IterateFound): Markup | undefined {
  const { measure, budget, before, rounds, kept, ended } = found;
  if (rounds.length === 0) return undefined;
  const [accuracy, retain] = [metricStyle("token-accuracy"), metricStyle(measure)];
  const judged = rounds.some(({ score }) => score !== undefined);
  const repaired = rounds.some((each) => each.repaired !== undefined);
  const kinds = (["retain", "forget"] as const).filter((kind) => rounds.some(({ shared }) => shared?.[kind]));
  const head = (text: string) => html`<th scope="col" class="figure">${text}</th>`;
  const cell = (text: string) => html`<td class="figure">${text}</td>`;
  return html`${roundsPlot(found)}
  <table>
    <thead><tr><th scope="col">Round</th>${head("Texts")}${judged && head("Score")}${head("λ")}${head("Before")}${head("After")}${head(capitalise(retain.title))}
      ${repaired && head("Mended")}${kinds.map((kind) => head(`Shared with ${kind}`))}</tr></thead>
    <tbody>${rounds.map(
      (each) => html`<tr><th scope="row">${each.round}</th>${cell(String(each.texts))}
        ${judged && cell(each.score === undefined ? "" : formatValue(each.score, accuracy))}
        ${cell(formatNumber(each.coefficient))}${cell(formatValue(each.forget.before, accuracy))}${cell(formatValue(each.forget.after, accuracy))}
        ${cell(formatValue(each.retain, retain))}${repaired && cell(each.repaired === undefined ? "" : formatValue(each.repaired, retain))}
        ${kinds.map((kind) => cell(sharedText(each.shared?.[kind])))}</tr>`,
    )}</tbody>
  </table>
  <p class="note">Before and after: token accuracy on the round's text. ${capitalise(retain.title)} on the retain text began at ${formatValue(before, retain)} and may get worse by ${formatNumber(100 * budget)} % in all.
    ${judged && "Score: how much of what must go the source found the model to say when the round began."}
    ${kinds.length > 0 && "Shared: mean squared cosine of the principal angles between the round's LoRA directions and those of earlier modules, and in brackets what random directions share."}
    ${ended && html`It ended: ${ended}.`} ${kept && html`Each round's result lies in <code>rounds/</code>; an <code>adapter</code> there is laid over the model that the run began with.`}</p>`;
}

const sharedText = (shared: { readonly overlap: number; readonly chance: number } | undefined) =>
  shared ? `${shared.overlap.toFixed(3)} (${shared.chance.toFixed(3)})` : "";
