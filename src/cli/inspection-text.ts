// An inspection as text for a terminal. Knows nothing of files.

import { formatBytes, formatCount, formatNumber } from "./format.ts";
import type { Inspection, RunInspection, TensorFacts, TokenizerFacts, WeightFacts } from "./inspection.ts";
import { cutToWidth, formatFacts, formatTable } from "./table.ts";

export interface InspectionTextOptions {
  /** One line per tensor instead of one per kind of layer. */
  readonly everyTensor: boolean;
  readonly width: number;
}

export function renderInspection(inspection: Inspection, options: InspectionTextOptions): string {
  if (inspection.kind === "run") return renderRun(inspection, options);
  const title = `${inspection.path}: ${inspection.kind}`;
  const sections = [`${title}\n${formatFacts(weightLines(inspection))}`];
  if (inspection.kind === "weights") sections.push(objectSection("metadata", inspection.metadata, options));
  else sections.push(objectSection("config", inspection.config, options));
  if (inspection.kind === "model") sections.push(tokenizerSection(inspection.tokenizer));
  sections.push(tensorSection(inspection.tensors, options));
  return sections.filter((section) => section !== "").join("\n\n");
}

function weightLines({ parameters, bytes, dtypes, files, tensors }: WeightFacts): [string, string][] {
  const kinds = Object.entries(dtypes).map(([dtype, count]) => `${dtype} ${formatCount(count)}`);
  return [
    ["  parameters", formatCount(parameters)],
    ["  stored as", kinds.join(", ")],
    [
      "  size",
      `${formatBytes(bytes)} in ${tensors.length} tensors, ${files.length} file${files.length === 1 ? "" : "s"}`,
    ],
  ];
}

function objectSection(title: string, entries: object, { width }: InspectionTextOptions): string {
  const facts = Object.entries(entries).map(([key, value]): [string, string] => [`  ${printable(key)}`, show(value)]);
  if (facts.length === 0) return "";
  const lines = formatFacts(facts).split("\n");
  return [title, ...lines.map((line) => cutToWidth(line, width))].join("\n");
}

function tokenizerSection(tokenizer: TokenizerFacts | null): string {
  if (!tokenizer) return "tokenizer\n  none: the folder holds no tokenizer files";
  const { type, vocabulary, addedTokens, special, chatTemplate, files } = tokenizer;
  const facts: [string, string][] = [["  files", files.join(", ")]];
  if (type !== null) facts.push(["  type", type]);
  if (vocabulary !== null)
    facts.push(["  vocabulary", `${formatCount(vocabulary)} (${addedTokens ?? 0} added tokens)`]);
  for (const [name, text] of Object.entries(special)) facts.push([`  ${name}`, printable(text)]);
  facts.push(["  chat template", chatTemplate ? "yes" : "no"]);
  return `tokenizer\n${formatFacts(facts)}`;
}

function tensorSection(tensors: readonly TensorFacts[], { everyTensor }: InspectionTextOptions): string {
  const rows = (
    everyTensor ? tensors.map((tensor) => ({ tensor, name: tensor.name, count: 1 })) : groupLayers(tensors)
  ).map(({ tensor, name, count }) => [
    `  ${printable(name)}`,
    tensor.dtype,
    `[${tensor.shape.join(", ")}]`,
    count === 1 ? "" : `× ${count}`,
    formatBytes(tensor.bytes * count),
  ]);
  return formatTable(
    [
      { title: "tensors" },
      { title: "dtype" },
      { title: "shape" },
      { title: "", align: "right" },
      { title: "size", align: "right" },
    ],
    rows,
  );
}

interface TensorGroup {
  readonly tensor: TensorFacts;
  readonly name: string;
  readonly count: number;
}

/** Tensors that differ only in the numbers in their names, as `model.layers.{0…11}.mlp.up_proj.weight`; in order of first appearance by layer. */
export function groupLayers(tensors: readonly TensorFacts[]): TensorGroup[] {
  const groups = new Map<string, TensorFacts[]>();
  for (const tensor of tensors) {
    const pattern = tensor.name.replace(LAYER_NUMBER, "*");
    const key = `${pattern} ${tensor.dtype} ${tensor.shape}`;
    groups.set(key, [...(groups.get(key) ?? []), tensor]);
  }
  return [...groups.values()].map((members) => {
    const [tensor] = members as [TensorFacts, ...TensorFacts[]];
    const numbers = members.map(({ name }) => Number(LAYER_NUMBER.exec(name)?.[0] ?? 0)).sort((a, b) => a - b);
    const range = `{${numbers[0]}…${numbers.at(-1)}}`;
    return {
      tensor,
      name: members.length === 1 ? tensor.name : tensor.name.replace(LAYER_NUMBER, range),
      count: members.length,
    };
  });
}

const LAYER_NUMBER = /(?<=\.)\d+(?=\.)/;

function renderRun(run: RunInspection, options: InspectionTextOptions): string {
  const { manifest } = run;
  const facts: [string, string][] = [
    ["  command", manifest.command.join(" ")],
    ["  created", manifest.created],
    ["  finished", manifest.finished ? "yes" : "no"],
    [
      "  steps",
      run.steps === 0
        ? "none"
        : `${formatCount(run.steps)}${run.lastLoss === null ? "" : `, last loss ${formatNumber(run.lastLoss)}`}`,
    ],
    [
      "  seeds",
      Object.entries(manifest.seeds)
        .map(([name, seed]) => `${name} ${seed}`)
        .join(", "),
    ],
    [
      "  hardware",
      `${manifest.hardware.cpu}, ${manifest.hardware.cores} cores, ${formatBytes(manifest.hardware.memory)}, ${manifest.hardware.device}`,
    ],
    [
      "  versions",
      `lethe ${manifest.lethe}, node ${manifest.versions.node}, ONNX Runtime ${manifest.versions.onnxruntime}`,
    ],
    [
      "  weights",
      `${manifest.weights.before?.slice(0, 12) ?? "none"} → ${manifest.weights.after?.slice(0, 12) ?? "none"}`,
    ],
  ];
  const sections = [`${run.path}: run\n${formatFacts(facts.map(([name, value]) => [name, printable(value)]))}`];
  if (run.notices.length > 0) sections.push(run.notices.join("\n"));
  if (run.evaluations.length > 0) {
    const rows = run.evaluations.map(({ column, model, sets }) =>
      [`  ${column}`, model, sets.join(", ")].map(printable),
    );
    sections.push(formatTable([{ title: "evaluations" }, { title: "model" }, { title: "sets" }], rows));
  }
  if (manifest.choices.length > 0) {
    const rows = manifest.choices.map(({ what, value, why }) => [`  ${what}`, value, why].map(printable));
    sections.push(formatTable([{ title: "chosen" }, { title: "value" }, { title: "because" }], rows));
  }
  sections.push(
    `config\n${run.config
      .trimEnd()
      .split("\n")
      .map((line) => cutToWidth(`  ${printable(line)}`, options.width))
      .join("\n")}`,
  );
  return sections.join("\n\n");
}

function show(value: unknown): string {
  return printable(typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)));
}

/** Control characters of a file's content could move the cursor. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\u{fffd}");
}
