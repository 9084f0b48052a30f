import { expect, test } from "vitest";
import { DataError } from "../core/errors.ts";
import { findOverlap, refuseOverlap } from "./overlap.ts";
import type { QuestionAnswer } from "./record.ts";

const qa = (id: string, question: string, answer: string): QuestionAnswer => ({
  kind: "question-answer",
  id,
  question,
  answer,
});

test("a record is in both sets when question and answer agree up to case, spacing and closing punctuation", () => {
  const forget = [qa("f1", "Who is Ann?", "A  poet."), qa("f2", "Who is Bo?", "A judge")];
  const retain = [
    qa("r1", "Who is Ann?", "A judge"),
    qa("r2", "who is ann", "a poet"),
    qa("r3", "Who is Bob?", "A judge"),
  ];
  expect(findOverlap(forget, retain).map((pair) => [pair.forget.id, pair.retain.id])).toEqual([["f1", "r2"]]);
});

test("the border between question and answer counts", () => {
  expect(findOverlap([qa("f", "a b", "c")], [qa("r", "a", "b c")])).toEqual([]);
});

test("an overlap is refused with the first records named, and no more than five", () => {
  const set = Array.from({ length: 7 }, (_, i) => ({
    ...qa(`x${i}`, `q${i}`, "a"),
    place: { file: "f.jsonl", line: i + 1 },
  }));
  expect(() => refuseOverlap(set, set)).toThrow(DataError);
  expect(() => refuseOverlap(set, set)).toThrow(/7 of 7 forget records.*"x0" \(f\.jsonl:1\).*"x4".*and 2 more/s);
  expect(() => refuseOverlap(set, set)).not.toThrow(/x5/);
  expect(() => refuseOverlap(set, [])).not.toThrow();
});
