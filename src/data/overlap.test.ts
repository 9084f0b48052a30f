import { expect, test } from "vitest";
import { DataError } from "../core/errors.ts";
import { findOverlap, refuseOverlap } from "./overlap.ts";
import type { DataRecord, QuestionAnswer } from "./record.ts";

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

test("a question that is to be forgotten and kept is refused whatever its answers; a prompt for many answers is none", () => {
  const ann = [qa("f", "Who is Ann?", "A poet.")];
  expect(() => refuseOverlap(ann, [qa("r", "who is Ann", "A judge.")])).toThrow(
    /^1 of 1 forget records are also in the retain set, asked there with another answer:\n.*"f" = .*"r"/,
  );
  const prompts = (side: string) => [1, 2].map((i) => qa(`${side}${i}`, "Write a sentence.", `${side}, sentence ${i}`));
  expect(() => refuseOverlap(prompts("f"), prompts("r"))).not.toThrow();
  expect(() => refuseOverlap([qa("f", "", "one")], [qa("r", "", "two")])).not.toThrow();
});

test("options, and what was said before, belong to the question: the same words may be asked on both sides", () => {
  const chosen = (id: string, right: string): DataRecord => ({
    kind: "multiple-choice",
    id,
    question: "Which of these is true?",
    choices: [right, "None"],
    correct: 0,
  });
  expect(() => refuseOverlap([chosen("f", "Ann writes")], [chosen("r", "Oslo is a town")])).not.toThrow();
  const talk = (id: string, first: string): DataRecord => ({
    kind: "conversation",
    id,
    messages: [
      { role: "user", content: first },
      { role: "assistant", content: "Shall I say?" },
      { role: "user", content: "Yes." },
      { role: "assistant", content: `${first} A poet.` },
    ],
  });
  expect(() => refuseOverlap([talk("f", "Ann?")], [talk("r", "Bo?")])).not.toThrow();
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
