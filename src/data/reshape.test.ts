import { expect, test } from "vitest";
import { DataError } from "../core/errors.ts";
import type { DataRecord } from "./record.ts";
import { inForm, recordForm, withOpening } from "./reshape.ts";

const asked: DataRecord = { kind: "question-answer", id: "a#1", question: "Costs $& more", answer: "no", subject: "s" };
const text: DataRecord = { kind: "text", id: "t#1", text: "One day, a  dog\nran home." };

test("a question becomes plain text and a text a question, each with its id and labels", () => {
  expect(inForm(asked, { text: "{question} ({answer})" })).toEqual({
    kind: "text",
    id: "a#1",
    subject: "s",
    text: "Costs $& more (no)",
  });
  expect(inForm(text, { question: "{text}", answer: "fiction" })).toEqual({
    kind: "question-answer",
    id: "t#1",
    question: "One day, a  dog\nran home.",
    answer: "fiction",
  });
});

test("a slot without anything to fill it names the record, and a slot that there is not is refused with the configuration", () => {
  expect(() => inForm(text, { text: "{question}" })).toThrow(DataError);
  expect(() => inForm(text, { text: "{question}" })).toThrow(
    /record "t#1" has nothing to put in place of \{question\}/,
  );
  const wrong = recordForm.safeParse({ text: "{qestion}" });
  expect(JSON.stringify(wrong.error)).toContain("{question}");
});

test("an opening and its rest are the text again, spaces and line breaks included", () => {
  const cut = withOpening(text, 4);
  expect(cut).toMatchObject({ kind: "question-answer", question: "One day, a  dog", answer: "\nran home." });
  expect(withOpening(text, 6)).toBeUndefined(); // nothing would be left to say
  expect(withOpening(text, 5)).toMatchObject({ answer: " home." });
  expect(withOpening(asked, 1)).toBe(asked);
});
