// Texts that do not fit the context. What a likelihood is, text-classifier.test.ts holds against float64.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent } from "../core/events.ts";
import { createAnswerLikelihoods } from "./answer-likelihoods.ts";
import { openSession, type Session } from "./session.ts";

const mini = fileURLToPath(new URL("../../models/mini/full", import.meta.url));
let session: Session;
beforeAll(async () => {
  session = await openSession(mini, { device: "cpu", encoding: {}, report: silent });
});
afterAll(() => session[Symbol.dispose]());

const within = (contextLength: number) =>
  createAnswerLikelihoods({ ...session, encoding: { ...session.encoding, contextLength, tooLong: "truncate" } });

test("of a text that does not fit its beginning is asked about, and question and answer stay whole", async () => {
  const given: string[] = [];
  const question = (text: string) => {
    given.push(text);
    return `${text}\nPER`;
  };
  const long = { text: "Ann – or Bob – ".repeat(40), answer: "none", question };
  const [cut] = await within(40)([long]);
  const fitted = given.at(-1) as string;
  expect(fitted.length).toBeGreaterThan(10);
  expect(long.text.startsWith(fitted)).toBe(true);
  const [whole] = await createAnswerLikelihoods(session)([{ ...long, text: fitted }]);
  expect(cut).toBeCloseTo(whole as number, 4);
});

test("a character that the context cuts through is left out", async () => {
  const fitted = new Set<string>();
  for (let context = 20; context < 26; context++) {
    let last = "";
    const question = (text: string) => {
      last = text;
      return text;
    };
    await within(context)([{ text: "日本語".repeat(30), answer: "none", question }]);
    fitted.add(last);
  }
  expect(fitted.size).toBeGreaterThan(1);
  for (const text of fitted) expect("日本語".repeat(30).startsWith(text)).toBe(true);
});

test("a context without room for the question is said to be too short", async () => {
  await expect(within(3)([{ text: "Ann", answer: "none", question: (text) => `${text} is it?` }])).rejects.toThrow(
    /context of? ?3|context 3/,
  );
});
