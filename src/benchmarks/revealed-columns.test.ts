// What a table says of revealing, from the statistics that runs leave.

import { expect, test } from "vitest";
import type { RoundStatistics } from "../unlearning/sources/revealed/statistics.ts";
import { checkColumns } from "./columns.ts";
import { isAboutRevealed, revealedCells, revealedColumn } from "./revealed-columns.ts";

const round = (found: readonly number[]): RoundStatistics => ({
  round: 1,
  ended: "budget",
  search: "random",
  batches: found.map((_, i) => ({
    texts: 64 * (i + 1),
    kept: 0,
    reward: 0,
    relevance: 0,
    novelty: 0,
    fluency: 0,
    ngrams: 0,
  })),
  filtered: {},
  best: [],
  coverage: [{ fact: "email", facts: 54, found: [...found], trainedOn: 0 }],
  trainedOn: [],
});

test("shares and texts are those of the first round, which alone asks the target", () => {
  const cells = revealedCells([round([0.25, 0.5, 0.75]), round([1])], ["revealed/email", "revealed/texts"]);
  expect(cells).toEqual({ "revealed/email": { value: 0.75, n: 54 }, "revealed/texts": { value: 192, n: 192 } });
});

test("the texts until a share is told are those of the first batch that reaches it; what is not reached says so", () => {
  const cells = revealedCells([round([0.25, 0.5, 0.75])], ["revealed/email/50", "revealed/email/80"]);
  expect(cells["revealed/email/50"]).toEqual({ value: 128, n: 54 });
  expect(cells["revealed/email/80"]).toEqual({ value: null, n: 54, reason: "not that many were told in 192 texts" });
  expect(revealedColumn("revealed/email/50").title).toBe("texts until 50 % are told (email)");
});

test("a run that was given its text, and a fact that the text does not hold, have no number and a reason", () => {
  const reason = (rounds: RoundStatistics[] | undefined) =>
    revealedCells(rounds, ["revealed/street-address"])["revealed/street-address"]?.reason;
  expect(reason(undefined)).toBe("its text was given, not revealed");
  expect(reason([round([1])])).toMatch(/no such fact/);
});

test("an unknown fact is refused with the ones that there are", () => {
  expect(["revealed/emails", "revealed/email/101", "revealed/texts/5", "email"].filter(isAboutRevealed)).toEqual([]);
  const check = (column: string) => () =>
    checkColumns({ columns: [column], evaluation: { summary: [], sets: {} } as never });
  expect(check("revealed/email/65")).not.toThrow();
  expect(check("revealed/emial")).toThrow(/nothing is measured that is called "revealed\/emial"/);
});
