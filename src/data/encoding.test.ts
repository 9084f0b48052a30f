import { describe, expect, test } from "vitest";
import { ConfigError, DataError } from "../core/errors.ts";
import {
  type ChatRenderer,
  encodeExample,
  encodePrompt,
  encodeRecords,
  IGNORED,
  type TextTokenizer,
} from "./encoding.ts";
import type { Conversation, PlainText, QuestionAnswer } from "./record.ts";

// One id per character code; "\n\n" and "\nP" are merges, so that tokenising prompt and answer together would differ. 1 begins, 2 ends.
const tokenizer: TextTokenizer = {
  bosId: 1,
  eosId: 2,
  encode: (text) =>
    (text.match(/\n\n|\nP|./gs) ?? []).map((piece) =>
      piece.length === 2 ? 1000 + piece.charCodeAt(1) : piece.charCodeAt(0),
    ),
};
const chars = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
const BLANK_LINE = 1010;
const record: QuestionAnswer = { kind: "question-answer", id: "r", question: "Q?", answer: "Pa" };
const text = (content: string): PlainText => ({ kind: "text", id: "t", text: content });

describe("a question and its answer", () => {
  test("labels are the ids shifted by one, −100 before the answer; the end token is a label and no input", () => {
    const example = encodeExample(tokenizer, record);
    expect([...example.ids]).toEqual([1, ...chars("Q?"), BLANK_LINE, ...chars("Pa")]);
    expect([...example.labels]).toEqual([IGNORED, IGNORED, IGNORED, ...chars("Pa"), 2]);
    expect(example.answerStart).toBe(3);
    expect(example.truncated).toBe(false);
  });

  test("the prompt's ids are the same with and without the answer, even where a merge could cross the border", () => {
    const options = { separator: "\n" };
    const { ids, answerStart } = encodeExample(tokenizer, record, options);
    expect([...encodePrompt(tokenizer, record, options)]).toEqual([...ids.slice(0, answerStart + 1)]);
    expect(ids).not.toContain(1000 + "P".charCodeAt(0));
  });

  test("the whole sequence counts when asked", () => {
    const { ids, labels } = encodeExample(tokenizer, record, { loss: "sequence" });
    expect([...labels]).toEqual([...ids.slice(1), 2]);
  });

  test("prefix, suffix, separator and end token are options", () => {
    const options = { questionPrefix: "[", questionSuffix: "]", separator: ">", endToken: false };
    const { ids, labels } = encodeExample(tokenizer, record, options);
    expect([...ids]).toEqual([1, ...chars("[Q?]>P")]);
    expect(labels.at(-1)).toBe("a".charCodeAt(0));
  });

  test("a separator in the answer counts and is not given", () => {
    const { ids, labels } = encodeExample(tokenizer, record, { separatorIn: "answer" });
    expect([...ids]).toEqual([1, ...chars("Q?"), BLANK_LINE, ...chars("Pa")]);
    expect([...labels]).toEqual([IGNORED, IGNORED, BLANK_LINE, ...chars("Pa"), 2]);
    expect([...encodePrompt(tokenizer, record, { separatorIn: "answer" })]).toEqual([1, ...chars("Q?")]);
  });

  test("a tokenizer that does not put its begin token in front is followed", () => {
    expect([...encodePrompt({ ...tokenizer, addsBos: false }, record)]).toEqual([...chars("Q?"), BLANK_LINE]);
  });

  test("an answer that fills the context exactly fits; one more token is refused with the record named", () => {
    expect(encodeExample(tokenizer, record, { contextLength: 6 }).ids).toHaveLength(6);
    const placed = { ...record, place: { file: "f.jsonl", line: 3 } };
    const encode = () => encodeExample(tokenizer, placed, { contextLength: 5 });
    expect(encode).toThrow(DataError);
    expect(encode).toThrow(/"r" \(f\.jsonl:3\).*prompt 4 and answer 3 tokens, context 5/);
  });

  test("or is cut at its end when asked, but never its question", () => {
    const cut = encodeExample(tokenizer, record, { contextLength: 5, tooLong: "truncate" });
    expect([...cut.labels]).toEqual([IGNORED, IGNORED, IGNORED, ...chars("Pa")]);
    expect(cut.truncated).toBe(true);
    expect(() => encodeExample(tokenizer, record, { contextLength: 3, tooLong: "truncate" })).toThrow(
      /question of record "r" alone/,
    );
    expect(() => encodePrompt(tokenizer, record, { contextLength: 3 })).toThrow(DataError);
  });

  test("unknown options are refused", () => {
    expect(() => encodeExample(tokenizer, record, { seperator: "x" } as object)).toThrow(ConfigError);
  });
});

describe("plain text", () => {
  test("counts every token after the first", () => {
    const { ids, labels } = encodeExample(tokenizer, text("abc"));
    expect([...ids]).toEqual([1, ...chars("abc")]);
    expect([...labels]).toEqual([...chars("abc"), 2]);
  });

  test.each([1, 2, 3, 4, 5, 6, 100])(
    "in windows of %i positions predicts every token once, in order",
    (contextLength) => {
      const examples = encodeRecords(tokenizer, [text("abcde")], { contextLength });
      expect(examples.flatMap((example) => [...example.labels])).toEqual([...chars("abcde"), 2]);
      expect(examples.flatMap((example) => [...example.ids])).toEqual([1, ...chars("abcde")]);
      for (const example of examples) {
        expect(example.ids.length).toBeLessThanOrEqual(contextLength);
        expect(example.record).toBe(0);
      }
    },
  );

  test("without anything to predict is refused", () => {
    expect(() => encodeExample({ encode: tokenizer.encode }, text("a"))).toThrow(/nothing to predict/);
  });
});

describe("conversations", () => {
  const chatTemplate: ChatRenderer = {
    apply: (messages, { addGenerationPrompt }) =>
      messages.map(({ role, content }) => `<${role[0]}>${content}\u0003\n`).join("") +
      (addGenerationPrompt ? "<a>" : ""),
  };
  const conversation: Conversation = {
    kind: "conversation",
    id: "c",
    messages: [
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three" },
      { role: "assistant", content: "four" },
    ],
  };

  test("the last assistant message is the answer, its closing token counts, the white space behind it does not", () => {
    const { ids, labels } = encodeExample(tokenizer, conversation, { chatTemplate });
    expect(labels.filter((label) => label !== IGNORED)).toEqual(Int32Array.from([...chars("four"), 3]));
    expect([...encodePrompt(tokenizer, conversation, { chatTemplate })]).toEqual([...ids.slice(0, -4)]);
  });

  test("a question and answer goes through the template too, with the system message in front", () => {
    const prompt = encodePrompt(tokenizer, record, { template: "chat", system: "s", chatTemplate });
    expect([...prompt]).toEqual(chars("<s>s\u0003\n<u>Q?\u0003\n<a>"));
  });

  test("without a chat template, or with one that rewrites its prompt, they are refused", () => {
    expect(() => encodeExample(tokenizer, conversation)).toThrow(ConfigError);
    const rewriting = { apply: (messages: readonly unknown[]) => `${messages.length}` };
    expect(() => encodeExample(tokenizer, conversation, { chatTemplate: rewriting })).toThrow(
      /does not continue its own prompt/,
    );
  });
});
