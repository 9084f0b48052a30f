import { describe, expect, test } from "vitest";
import { inPhrasings } from "./phrasings.ts";
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
