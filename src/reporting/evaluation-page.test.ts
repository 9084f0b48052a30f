// The page of `lethe eval`.

import { expect, test } from "vitest";
import { fixtureRun } from "../../test/fixtures/run-fixture.ts";
import type { Evaluation } from "../evaluation/result.ts";
import { renderEvaluationPage } from "./evaluation-page.ts";
import { strengthTradeOffs } from "./plots/trade-off.ts";

const [before, after] = fixtureRun().evaluations as [Evaluation, Evaluation];
const command = ["lethe", "eval", "config.yaml"];
/** `before` at α = 0, and everything at half of its value at α = 2, out of order. */
const strengths: Evaluation[] = [
  { ...after, model: "M steered by <run>", column: "M + <run>, α 2", alpha: 2 },
  { ...before, model: "M steered by <run>", column: "M + <run>, α 0", alpha: 0 },
];

test("every strength is a point of the curve, in ascending order, on the measures that both sides have", () => {
  const [first] = strengthTradeOffs(strengths);
  const measuredOn = ({ sets }: Evaluation, role: string) =>
    sets.find((set) => set.role === role)?.metrics[first?.metric ?? ""]?.value;
  expect(first?.points).toEqual(
    [before, after].map((evaluation, i) => ({
      at: 2 * i,
      forget: measuredOn(evaluation, "forget"),
      retain: measuredOn(evaluation, "retain"),
    })),
  );
  expect(strengthTradeOffs([before, after])).toEqual([]);
  expect(strengthTradeOffs(strengths.slice(1))).toEqual([]);
});

test("the page shows the curve with its numbers, a column per strength and the command, and loads nothing", () => {
  const page = renderEvaluationPage({ evaluations: strengths, command });
  expect(page).toContain("What the strength α trades");
  expect(page).toMatch(/<th scope="row">α 0<\/th>/);
  expect(page).toMatch(/<th scope="col" class="figure">[^\n]*α 2<\/th>/);
  expect(page).toContain("M steered by &#60;run&#62;");
  expect(page).toContain("lethe eval config.yaml");
  expect(page).not.toMatch(/\b(?:src|href|action|srcset)=|url\(|@import|https?:|\sstyle="/);
});

test("models that were measured without offsets stand side by side under their own names, without a curve", () => {
  const evaluations = [
    { ...before, column: "one", model: "one" },
    { ...after, column: "two", model: "two" },
  ];
  const page = renderEvaluationPage({ evaluations, command });
  expect(page).not.toContain("What the strength");
  expect(page).toMatch(/<th scope="col" class="figure">[^\n]*two<\/th>/);
});
