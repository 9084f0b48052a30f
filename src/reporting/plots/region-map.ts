// A map of where a run was allowed to move: layers down, modules across, each tensor a cell of two scores, chosen ones framed; where they were chosen anew
// on the way, the frame tells in how many steps. Draws what was found; knows neither how nor what for.

import type { MetricsLogLine } from "../../core/metrics-log.ts";
import { type RegionTensor, type StoredRegion, sizeOfTensor } from "../../unlearning/localisation/region.ts";
import { html, type Markup } from "../markup.ts";

interface Place {
  readonly layer: number | undefined;
  /** The weight's name inside its layer, or the whole of it. */
  readonly module: string;
}

/** @param steps of the run, which name what was chosen anew on the way */
export function regionMap(region: StoredRegion, steps: readonly Pick<MetricsLogLine, "moving">[] = []): Markup {
  const { tensors } = region;
  const moved = movedIn(region, steps);
  const [first, second] = region.scores;
  const placed = tensors.map((tensor) => ({ tensor, ...placeOf(tensor.name) }));
  const inside = placed.filter(({ layer }) => layer !== undefined);
  const modules = [...new Set(inside.map(({ module }) => module))];
  const layers = [...new Set(inside.map(({ layer }) => layer as number))].sort((a, b) => a - b);
  const at = new Map(inside.map(({ tensor, layer, module }) => [`${layer} ${module}`, tensor]));
  const shades = region.scores.map(({ name, chosen }) => shadesOf(tensors, name, chosen));
  const cell = (tensor: RegionTensor | undefined) => tensor && regionCell(tensor, region, shades, moved);
  return html`<p class="note">${capital(region.rule)}.${moved && ` That was for the first step; what moves was chosen anew ${moved.choices} time${moved.choices === 1 ? "" : "s"}, and the stronger a frame, the more of the ${steps.length} steps a tensor moved in.`}</p>
    <div class="wide"><table class="map">
      ${
        layers.length > 0 &&
        html`<thead><tr><th scope="col">Layer</th>${modules.map((module) => html`<th scope="col"><span>${shortName(module)}</span></th>`)}</tr></thead>
        <tbody>${layers.map(
          (layer) =>
            html`<tr><th scope="row">${layer}</th>${modules.map((module) => html`<td>${cell(at.get(`${layer} ${module}`))}</td>`)}</tr>`,
        )}</tbody>`
      }
    </table></div>
    ${placed
      .filter(({ layer }) => layer === undefined)
      .map(({ tensor, module }) => html`<span class="outside">${cell(tensor)} ${shortName(module)}</span>`)}
    <p class="note legends"><span class="outside">${legendCell(true, false)} ${first ? scoreTitle(first) : ""}</span>
      ${second && html`<span class="outside">${legendCell(false, true)} ${scoreTitle(second)}</span>`}
      <span class="outside"><svg class="cell" viewBox="0 0 30 20" aria-hidden="true"><rect x="1.5" y="1.5" width="27" height="17" class="chosen"/></svg> may move as a whole</span></p>
    <p class="note">${shadeWords(region)}</p>
    <details><summary>All ${tensors.length} tensors with their numbers</summary>
    <div class="wide"><table class="results"><thead><tr><th scope="col">Tensor</th>${region.scores.map(({ name }) => html`<th scope="col" class="figure">${capital(name)}</th>`)}<th scope="col" class="figure">${moved ? "Moved in" : "May move"}</th></tr></thead>
      <tbody>${tensors.map(
        (tensor) => html`<tr><th scope="row"><code>${tensor.name}</code></th>
        ${region.scores.map(({ name }) => html`<td class="figure" data-label="${capital(name)}">${number(tensor.scores[name] ?? null)}</td>`)}
        <td class="figure" data-label="${moved ? "Moved in" : "May move"}">${movingWords(tensor, moved)}</td></tr>`,
      )}</tbody></table></div></details>`;
}

interface Moved {
  /** Times that tensors were chosen anew. */
  readonly choices: number;
  readonly steps: number;
  /** Steps in which each tensor moved, by name. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Undefined where nothing was chosen anew. */
function movedIn({ tensors }: StoredRegion, steps: readonly Pick<MetricsLogLine, "moving">[]): Moved | undefined {
  const choices = steps.filter(({ moving }) => moving !== undefined).length;
  if (choices === 0) return undefined;
  const counts = new Map<string, number>();
  let now: readonly string[] = tensors.filter(({ selected }) => selected > 0).map(({ name }) => name);
  for (const { moving } of steps) {
    now = moving ?? now;
    for (const name of now) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return { choices, steps: steps.length, counts };
}

function regionCell(
  tensor: RegionTensor,
  region: StoredRegion,
  shades: readonly ((tensor: RegionTensor) => number)[],
  moved: Moved | undefined,
) {
  const words = region.scores.map(({ name }) => `${name} ${number(tensor.scores[name] ?? null)}`);
  const label = `${tensor.name}: ${[...words, movingWords(tensor, moved)].join(", ")}`;
  const [left = 0, right = 0] = shades.map((shade) => shade(tensor));
  const whole = tensor.selected === sizeOfTensor(tensor) ? 1 : 0;
  const frame = moved ? Number(((moved.counts.get(tensor.name) ?? 0) / moved.steps).toFixed(2)) : whole;
  return html`<svg class="cell" viewBox="0 0 30 20" role="img" aria-label="${label}"><title>${label}</title>
    <rect x="4" y="4" width="11" height="12" class="first" fill-opacity="${left}"/><rect x="15" y="4" width="11" height="12" class="second" fill-opacity="${right}"/>
    <rect x="4" y="4" width="22" height="12" class="outline"/>${frame > 0 && html`<rect x="1.5" y="1.5" width="27" height="17" class="chosen"${frame < 1 && html` stroke-opacity="${frame}"`}/>`}</svg>`;
}

const legendCell = (first: boolean, second: boolean) =>
  html`<svg class="cell" viewBox="0 0 30 20" aria-hidden="true"><rect x="4" y="4" width="11" height="12" class="first" fill-opacity="${first ? 1 : 0}"/>
    <rect x="15" y="4" width="11" height="12" class="second" fill-opacity="${second ? 1 : 0}"/><rect x="4" y="4" width="22" height="12" class="outline"/></svg>`;

/** How strong the colour of a tensor's half is: a share as it is, another score by its rank, strongest on the side that is chosen. */
function shadesOf(tensors: readonly RegionTensor[], name: string, chosen: "below" | "above") {
  const known = tensors.flatMap(({ scores }) => scores[name] ?? []).sort((a, b) => a - b);
  const lightest = 0.06;
  return ({ scores }: RegionTensor): number => {
    const score = scores[name] ?? null;
    if (score === null || known.length === 0) return 0;
    const rank = known.length < 2 ? 1 : known.findIndex((each) => each >= score) / (known.length - 1);
    const depth = name === "share" ? score : chosen === "above" ? rank : 1 - rank;
    return Number((lightest + (1 - lightest) * depth).toFixed(2));
  };
}

const shadeWords = ({ scores }: StoredRegion): string => {
  const ranked = scores.filter(({ name }) => name !== "share").map(({ name }) => name);
  const share = scores.some(({ name }) => name === "share") ? " The share is shown as it is." : "";
  return `The stronger the colour, the further to the side that is chosen: by rank among the tensors for ${ranked.join(" and ")}.${share} An empty half has no score.`;
};

function scoreTitle({ title, chosen, threshold }: StoredRegion["scores"][number]): string {
  return threshold === null ? title : `${title}, chosen ${chosen} ${number(threshold)}`;
}

function movingWords(tensor: RegionTensor, moved: Moved | undefined): string {
  if (moved) return `${moved.counts.get(tensor.name) ?? 0} of ${moved.steps} steps`;
  const size = sizeOfTensor(tensor);
  if (tensor.selected === 0) return "stays";
  return tensor.selected === size ? "all of it" : `${tensor.selected} of ${size}`;
}

/** "model.layers.3.mlp.up_proj.weight" → layer 3, "mlp.up_proj.weight". */
function placeOf(name: string): Place {
  const found = /\.(\d+)\.(.+)$/s.exec(name.replace(/^.*?(?=\.\d+\.)/s, ""));
  return found ? { layer: Number(found[1]), module: found[2] as string } : { layer: undefined, module: name };
}

/** "mlp.up_proj.weight" → "up_proj", "self_attn.q_proj.lora_A.weight" → "q_proj A". */
function shortName(module: string): string {
  const parts = module.replace(/\.weight$/, "").split(".");
  const part = /^lora_([AB])$/.exec(parts.at(-1) ?? "");
  if (part) return `${parts.at(-2)} ${part[1]}`;
  if (parts.at(-1) === "bias") return `${parts.at(-2)} bias`;
  const expert = parts.findIndex((word) => /^\d+$/.test(word));
  return expert >= 0 ? `${parts.at(-1)} ${parts[expert]}` : (parts.at(-1) as string);
}

const number = (x: number | null) => (x === null ? "none" : String(Number(x.toPrecision(3))));
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
