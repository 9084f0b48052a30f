// An answer's text, token by token, is the text of all its tokens, whatever the bytes are and wherever a stop string falls.

import fc from "fast-check";
import { expect, test } from "vitest";
import { answerRow } from "./answer.ts";
import { createAnswerText } from "./answer-text.ts";
import { scriptedModel, tinyTokenizer } from "./fixtures/tiny-served.ts";

const tokenizer = await tinyTokenizer();
const prompt = Int32Array.from(tokenizer.encode("where is the cat?"));
const id = fc.integer({ min: 3, max: tokenizer.vocabularySize - 1 });
const speech = fc.oneof(
  fc.array(id, { maxLength: 90 }),
  fc
    .string({ unit: fc.constantFrom("a", "é", "€", "😀", " cat", "日", "\uFFFD"), maxLength: 40 })
    .map((text) => tokenizer.encode(text, { addSpecialTokens: false })),
);

test("what is settled never changes, and all of it is the text of all tokens", () => {
  fc.assert(
    fc.property(speech, (ids) => {
      const answer = createAnswerText(tokenizer, prompt, []);
      let shown = "";
      for (const next of ids) {
        answer.push(next);
        const settled = answer.text.slice(0, answer.settled);
        expect(settled.startsWith(shown)).toBe(true);
        shown = settled;
      }
      const together = tokenizer.decode([...prompt, ...ids], { skipSpecialTokens: true });
      expect(answer.text).toBe(together.slice("where is the cat?".length));
    }),
    { numRuns: 150 },
  );
});

test("a row's pieces together are its text up to the first stop string", async () => {
  const stop = fc.constantFrom("cat", "€", "é😀", "aa", " ca", "日€");
  await fc.assert(
    fc.asyncProperty(speech, fc.array(stop, { maxLength: 3 }), async (ids, stops) => {
      const model = scriptedModel(tokenizer, { ids });
      const request = { prompt, maxTokens: 200, choice: { temperature: 0 }, seed: 0, stopIds: new Set<number>() };
      let text = "";
      let tokens = 0;
      let finish: string | undefined;
      for await (const piece of answerRow(
        model,
        { request, stops, logprobs: undefined },
        new AbortController().signal,
      )) {
        text += piece.text;
        tokens += piece.tokens.length;
        finish = piece.finish;
      }
      const whole = tokenizer
        .decode([...prompt, ...ids], { skipSpecialTokens: true })
        .slice("where is the cat?".length);
      const cuts = stops.map((one) => whole.indexOf(one)).filter((index) => index >= 0);
      expect(text).toBe(cuts.length > 0 ? whole.slice(0, Math.min(...cuts)) : whole);
      expect(finish).toBe("stop");
      if (cuts.length === 0) expect(tokens).toBe(ids.length);
      else expect(tokens).toBeLessThanOrEqual(ids.length);
      expect(model.living).toBe(0);
    }),
    { numRuns: 150 },
  );
});
