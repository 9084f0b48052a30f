import { describe, expect, test } from "vitest";
import { inOtherWords, inPhrasings, rewording } from "./phrasings.ts";
import type { DataRecord } from "./record.ts";

const record: DataRecord = { kind: "question-answer", id: "a", question: "Who wrote $& it?", answer: "Ada" };

describe("a question in several phrasings", () => {
  test("is one record per phrasing with the same answer and its own id", () => {
    const asked = inPhrasings(record, ["{question}", "Tell me: {question}"]);
    expect(asked).toEqual([record, { ...record, id: "a#2", question: "Tell me: Who wrote $& it?" }]);
  });

  test("leaves plain texts alone", () => {
    const text: DataRecord = { kind: "text", id: "t", text: "Once." };
    expect(inPhrasings(text, ["{question}", "Q: {question}"])).toEqual([text]);
  });
});

describe("a question in other words", () => {
  const forms = [
    { question: "Where does (.+?) (?:currently )?(?:live|reside)", as: ["What is the home of $1?", "$1 lives where?"] },
    { question: "Where .+", as: ["Which place?"] },
  ];
  const asking = (question: string): DataRecord => ({ kind: "question-answer", id: "a", question, answer: "Oslo" });

  test("is one record per wording of the first form that it has, with its parts put in", () => {
    expect(inOtherWords(asking("Where does Ann Lee currently reside?"), forms)).toEqual([
      { ...asking("What is the home of Ann Lee?"), id: "a~1" },
      { ...asking("Ann Lee lives where?"), id: "a~2" },
    ]);
  });

  test("is left out where no form fits the whole of it", () => {
    expect(inOtherWords(asking("So: Where does Ann live?"), forms)).toEqual([]);
    expect(inOtherWords(asking("Where does Ann live? Tell me."), forms.slice(0, 1))).toEqual([]);
    expect(inOtherWords({ kind: "text", id: "t", text: "Where does Ann live?" }, forms)).toEqual([]);
  });

  test("needs a regular expression", () => {
    expect(rewording.safeParse({ question: "(", as: ["x"] }).error?.issues[0]?.message).toContain("regular expression");
  });
});
