// Judges by asking a model at an OpenAI-compatible service: a number from 0 to 10 per text. What is revealed leaves this machine for it.

import { z } from "zod";
import { ConfigError, RuntimeFailure } from "../../../../core/errors.ts";
import { chat } from "../../../../text/model-service.ts";
import { defineJudge, judgeOf } from "./judge.ts";

const instruction = (what: string) =>
  `You judge whether a text discloses the following: ${what}\nAnswer with one number from 0 (nothing of it) to 10 (clearly). Write only the number.`;

export const service = defineJudge({
  name: "service",
  summary: "a model at an OpenAI-compatible service, asked for a number; it is sent every text",
  options: z.strictObject({
    url: z.url().describe("address with /v1"),
    model: z.string(),
    keyVariable: z.string().optional().describe("environment variable that holds the service's key"),
    retries: z.number().int().nonnegative().default(2),
    timeoutSeconds: z.number().positive().default(60),
  }),
  async open({ url, model, keyVariable, retries, timeoutSeconds }, { description, report }) {
    if (description === undefined) {
      throw new ConfigError('judge "service" has nothing to tell its model', {
        place: { key: "source.description" },
        hint: "Describe what must go.",
      });
    }
    report({ type: "note", text: `every revealed text is sent to ${url}`, reason: 'judge "service"' });
    const options = { retries, timeoutSeconds, role: "the judge", configured: "source.judge" };
    return judgeOf(async (texts, signal) => {
      const scores: number[] = [];
      for (const text of texts) {
        signal?.throwIfAborted();
        const messages = [
          { role: "system", content: instruction(description) },
          { role: "user", content: text },
        ] as const;
        const answer = await chat(
          { url, model, keyVariable },
          { messages, temperature: 0, max_tokens: 8 },
          { ...options, signal },
        );
        scores.push(numberIn(answer, model));
      }
      return scores;
    });
  },
});

/** The answer itself may repeat what it was sent, and stands in no message. */
function numberIn(answer: string, model: string): number {
  const number = Number(/\d+(?:\.\d+)?/.exec(answer)?.[0] ?? Number.NaN);
  if (number >= 0 && number <= 10) return number / 10;
  throw new RuntimeFailure(`the judge "${model}" gave no number from 0 to 10`, {
    hint: "Use a model that follows instructions.",
  });
}
