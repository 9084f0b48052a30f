// Many requests at once get what each would get alone, and whoever leaves makes room.

import { afterAll, expect, test } from "vitest";
import { tinyServed } from "./fixtures/tiny-served.ts";
import { likeliestOf, logprobOf } from "./logprobs.ts";
import type { TokenEvent, TokenRequest } from "./served-model.ts";

const tiny = await tinyServed({ rows: 3 });
afterAll(() => tiny[Symbol.dispose]());

const never = new AbortController().signal;
const request = (text: string, change: Partial<TokenRequest> = {}): TokenRequest => ({
  prompt: Int32Array.from(tiny.tokenizer.encode(text)),
  maxTokens: 12,
  choice: { temperature: 0 },
  seed: text,
  stopIds: new Set(),
  rows: false,
  ...change,
});

async function all(asked: TokenRequest): Promise<TokenEvent[]> {
  const events: TokenEvent[] = [];
  for await (const event of tiny.served.generate(asked, never)) events.push(event);
  return events;
}
const idsOf = async (asked: TokenRequest) => (await all(asked)).map(({ id }) => id);

test("requests that come together, more than there are rows, get what each gets alone", async () => {
  const texts = ["the", "the cat", "where is Zoë?", "日本", "on the mat", "20 €", "a", "sat on"];
  const asked = texts.map((text, i) =>
    request(text, {
      maxTokens: 4 + 3 * i,
      choice: i % 2 === 0 ? { temperature: 0 } : { temperature: 1.2, topP: 0.95, topK: 50 },
      rows: i % 3 === 0,
    }),
  );
  const alone: number[][] = [];
  for (const one of asked) alone.push(await idsOf(one));
  expect(await Promise.all(asked.map(idsOf))).toEqual(alone);
  expect(new Set(alone.map((ids) => ids.slice(0, 4).join())).size).toBeGreaterThan(5);
});

test("rows are log-probabilities: those along the text as a prompt are the same, before temperature and bias", async () => {
  const asked = request("the cat", { rows: true, choice: { temperature: 2, topK: 3, bias: new Map([[7, 50]]) } });
  const events = await all(asked);
  const text = Int32Array.from([...asked.prompt, ...events.map(({ id }) => id)]);
  const rows: Float32Array[] = [];
  for await (const row of tiny.served.promptRows(text, never)) rows.push(row);
  expect(rows.length).toBe(text.length);
  for (const [i, { row }] of events.entries()) {
    const along = rows[asked.prompt.length - 1 + i] as Float32Array;
    expect(Math.max(...along.map((x, id) => Math.abs(x - (row?.[id] as number))))).toBeLessThan(2e-4);
    expect(along.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 5);
  }
});

test("a stop token ends a row and is not given out", async () => {
  const ids = await idsOf(request("the mat"));
  const third = ids[2] as number;
  const cut = ids.indexOf(third);
  expect(await idsOf(request("the mat", { stopIds: new Set([third]) }))).toEqual(ids.slice(0, cut));
});

test("leaving early makes room for those who wait, and an abort reaches its own request only", async () => {
  const controllers = [1, 2, 3].map(() => new AbortController());
  const long = controllers.map(({ signal }, i) =>
    tiny.served.generate(request(`long ${i}`, { maxTokens: 80 }), signal),
  );
  for (const row of long) await row.next();
  const waiting = idsOf(request("patient"));
  controllers[0]?.abort(new Error("gone"));
  await expect(long[0]?.next().then(() => long[0]?.next())).rejects.toThrow("gone");
  expect((await waiting).length).toBe(12);
  await long[1]?.return("stop");
  expect((await long[2]?.next())?.done).toBe(false);
  await long[2]?.return("stop");
});

test("the likeliest tokens come in order, and a rank counts those above", () => {
  const row = Float32Array.of(-3, -1, -2, -1, -0.5);
  expect(likeliestOf(row, 3).map(({ id }) => id)).toEqual([4, 1, 3]);
  expect(likeliestOf(row, 9).map(({ id }) => id)).toEqual([4, 1, 3, 2, 0]);
  expect(likeliestOf(row, 0)).toEqual([]);
  expect(logprobOf(row, 2)).toEqual({ id: 2, logprob: -2, rank: 4 });
  expect(logprobOf(row, 3).rank).toBe(2);
});
