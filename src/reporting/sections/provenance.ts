// Where the numbers come from and how to get them again: configuration, versions, machine, seeds, hashes, automatic choices, the command.
import type { RunManifest } from "../../core/manifest.ts";
import type { Evaluation } from "../../evaluation/result.ts";
import { html, type Markup } from "../markup.ts";
import { shellLine } from "../shell.ts";

export function provenance(manifest: RunManifest, evaluations: readonly Evaluation[]): Markup {
  const { hardware, versions, weights, choices } = manifest;
  const facts: readonly (readonly [string, Markup | string])[] = [
    ["Lethe", manifest.lethe],
    ["Node", versions.node],
    ["ONNX Runtime", versions.onnxruntime],
    ["Processor", `${hardware.cpu}, ${hardware.cores} ${hardware.cores === 1 ? "core" : "cores"}`],
    ["Memory", `${(hardware.memory / 2 ** 30).toFixed(1)} GiB`],
    ["Device", hardware.device],
    ...Object.entries(manifest.seeds).map(([purpose, seed]) => [`Seed, ${purpose}`, String(seed)] as const),
    ...evaluations.map(({ column, model, seed }) => [`Evaluated, ${column}`, `${model} (seed ${seed})`] as const),
    ...Object.entries(manifest.data).map(([file, hash]) => [`SHA-256, ${file}`, digest(hash)] as const),
    ["SHA-256, weights before", digest(weights.before)],
    ["SHA-256, weights after", digest(weights.after)],
  ];
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${
      choices.length > 0 &&
      html`<h3>Chosen automatically</h3>
      <dl class="facts choices">${choices.map(({ what, value, why }) => html`<div><dt>${what}</dt><dd><strong>${value}</strong> ${why}</dd></div>`)}</dl>`
    }`;
}

export function reproduction(manifest: RunManifest): Markup {
  return html`<pre tabindex="0" aria-label="command"><code>${shellLine(manifest.command)}</code></pre>
    <p class="note">Lethe ${manifest.lethe}, the same seeds, files and machine give the same bytes; compare the SHA-256 of the weights after. On another kind of processor
      the last digits may differ.</p>`;
}

export function configuration(yaml: string): Markup {
  return html`<details><summary>Resolved configuration, ${yaml.trimEnd().split("\n").length} lines</summary>
    <pre tabindex="0" aria-label="config.yaml"><code>${yaml.trimEnd()}</code></pre></details>`;
}

const digest = (hash: string | null) => (hash === null ? "none" : html`<code>${hash}</code>`);
