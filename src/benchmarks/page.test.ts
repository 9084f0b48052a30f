import { expect, test } from "vitest";
import { meansOverSeeds } from "./means.ts";
import { renderBenchmarkPage } from "./page.ts";
import { paretoOf } from "./pareto.ts";
import { type BenchmarkResult, benchmarkResult, type ResultColumn, type ResultRow } from "./result.ts";

const columns: readonly [ResultColumn, ResultColumn] = [
  { measure: "p", title: "probability on <forget>", side: "forgetting", better: "retrained", scale: "share" },
  { measure: "u", title: "model utility", side: "keeping", better: "higher", scale: "share" },
];
const row = (method: string, p: number, u: number, rest: Partial<ResultRow> = {}): ResultRow => ({
  method,
  settings: "default",
  seed: 0,
  cells: { p: { value: p, n: 400, interval: [p - 0.01, p + 0.01] }, u: { value: u, n: 300 } },
  steps: 50,
  seconds: 12.3,
  stepSeconds: 0.2,
  peakMegabytes: 300,
  cost: 1.5,
  ...rest,
});
const model = {
  settings: null,
  seed: null,
  steps: null,
  seconds: null,
  stepSeconds: null,
  peakMegabytes: null,
  cost: null,
};
const result: BenchmarkResult = benchmarkResult.parse({
  format: 1,
  lethe: "0.1.0",
  title: "TOFU <forget10>",
  command: ["lethe", "bench", "tofu", "--data", "my data"],
  columns,
  rows: [
    row("before", 0.99, 0.62, model),
    row("retrained", 0.15, 0.61, model),
    row("npo", 0.2, 0.5),
    row("npo", 0.3, 0.5, { seed: 1 }),
    row("npo", 0.11, 0.55, { settings: "tuned" }),
    row("ga", 0, 0, { cells: {}, failure: "training diverged at step 3" }),
  ],
  notes: ["Trained from scratch."],
});

test("the same result gives the same page, which names nothing outside itself", () => {
  const page = renderBenchmarkPage(result);
  expect(renderBenchmarkPage(result)).toBe(page);
  expect(page).not.toMatch(/\b(?:src|href|action|srcset)=|url\(|@import|https?:|\sstyle="/);
  expect(page).toContain("TOFU &#60;forget10&#62;");
  expect(page).toContain("lethe bench tofu --data &#39;my data&#39;");
});

test("nearness to the retrained model is what a forget measure is plotted by", () => {
  const pareto = paretoOf(meansOverSeeds(result), ...columns);
  const values = Object.fromEntries(
    (pareto?.entries ?? []).map(({ name, kind, mean }) => [`${name} ${kind}`, mean.forgetting]),
  );
  expect(values["retrained retrained"]).toBe(0);
  expect(values["npo default"]).toBeCloseTo(0.1, 12);
  expect(values["npo tuned"]).toBeCloseTo(0.04, 12);
  expect(pareto?.forgetting).toMatchObject({
    better: "lower",
    title: "distance to retrained: probability on <forget>",
  });
});

test("a run is as far from the goal as from the twin of its own start model, and several of one start weigh as one", () => {
  const rows = [
    row("retrained", 0.1, 0.5, { ...model, start: 0 }),
    row("retrained", 0.4, 0.5, { ...model, start: 1 }),
    row("npo", 0.2, 0.5, { start: 0 }),
    row("npo", 0.2, 0.5, { start: 0, seed: 1 }),
    row("npo", 0.7, 0.5, { start: 1, seed: 2 }),
  ];
  const entries = paretoOf(meansOverSeeds({ ...result, rows }), ...columns)?.entries ?? [];
  const npo = entries.find(({ name }) => name === "npo");
  [0.1, 0.1, 0.3].forEach((distance, i) => {
    expect(npo?.seeds[i]?.forgetting).toBeCloseTo(distance, 12);
  });
  expect(npo?.mean.forgetting).toBeCloseTo(0.2, 12);
});

test("a mark stands at the mean that the table gives, geometric on a logarithmic scale", () => {
  const [, keeping] = columns;
  const quality: ResultColumn = { ...keeping, measure: "q", side: "forgetting", scale: "logarithmic" };
  const seeds = [1e-6, 1e-2].map((value, seed) =>
    row("npo", 0, 0, { seed, cells: { q: { value, n: 400 }, u: { value: 0.2 + seed, n: 300 } } }),
  );
  const rows = meansOverSeeds({ rows: seeds, columns: [quality, keeping] });
  const { mean } = paretoOf(rows, quality, keeping)?.entries[0] ?? {};
  expect(mean?.forgetting).toBeCloseTo(1e-4, 12);
  expect(mean?.keeping).toBeCloseTo(0.7, 12);
  expect(rows[0]?.cells.q?.value).toBe(mean?.forgetting);
});

test("without a retrained model there is no distance to it, and the page says so", () => {
  const rows = result.rows.filter(({ method }) => method !== "retrained");
  expect(paretoOf(meansOverSeeds({ ...result, rows }), ...columns)).toBeUndefined();
  expect(renderBenchmarkPage({ ...result, rows })).toContain("This plot needs");
});

test("a run that failed says why and shows no number", () => {
  const page = renderBenchmarkPage(result);
  expect(page).toMatch(/ga<\/th>\s*<td[^>]*><span class="quiet">none<sup>1<\/sup>/);
  expect(page).toContain("<li>Training diverged at step 3</li>");
});

test("a cell without a value must say why", () => {
  const silent = { ...result, rows: [row("npo", 0, 0, { cells: { p: { value: null, n: 0 } } })] };
  expect(benchmarkResult.safeParse(silent).success).toBe(false);
});
