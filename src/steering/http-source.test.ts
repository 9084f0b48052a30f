// A model behind an address tells what it would tell here, in every dialect; and whatever goes wrong with it ends in an error, not in a wrong row.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Reply } from "../text/fixtures/fake-model-service.ts";
import { normalise } from "./ensemble.ts";
import { type FakeUpstream, startFakeUpstream, tinyTokenizer, upstreamWidth } from "./fixtures/fake-upstream.ts";
import { rowAfter, tinySource, topOf } from "./fixtures/tiny-steering.ts";
import { httpSourceConfig, openHttpSource } from "./http-source.ts";
import type { LogitSource, RowDistribution } from "./logit-source.ts";

let upstream: FakeUpstream;
let waits: number[];
let clock: number;
beforeEach(() => {
  waits = [];
  clock = 0;
});
afterEach(() => upstream.service.close());

async function open(dialect = "vllm", config: Record<string, unknown> = {}): Promise<LogitSource> {
  const url = dialect === "llama.cpp" ? upstream.service.url.replace("/v1", "") : upstream.service.url;
  const settings = httpSourceConfig.parse({ url, model: "m", dialect, contextLength: 64, ...config });
  return openHttpSource(settings, {
    tokenizer: tinyTokenizer,
    wait: async (milliseconds) => void waits.push(milliseconds),
    now: () => clock,
  });
}
const begin = async (dialect = "vllm", config = {}) => {
  upstream = await startFakeUpstream(dialect);
  return open(dialect, config);
};

const ids = Int32Array.of(3, 1, 4, 1, 5);
const request = { ids, tokens: 4, temperature: 0, seed: 1, endIds: [] };

function expectRow(row: RowDistribution | undefined, after: Iterable<number>, top?: number) {
  const logits = rowAfter("m", after, upstreamWidth);
  const expected = top === undefined ? normalise(logits) : topOf(logits, top);
  if (expected instanceof Float32Array) {
    expect(row?.kind === "full" && [...row.logits]).toEqual([...expected].map((x) => expect.closeTo(x, 4)));
  } else {
    expect(row?.kind === "top" && [...row.ids].slice(0, top)).toEqual([...expected.ids]);
  }
}

describe.each(["vllm", "openai", "llama.cpp"])("%s", (dialect) => {
  test("a chunk is M's own, with its rows", async () => {
    using source = await begin(dialect, { top: 5 });
    const { tokens, rows } = await source.propose(request);
    const own = await tinySource("m", upstreamWidth).propose(request);
    expect([...tokens]).toEqual([...own.tokens]);
    rows.forEach((row, i) => {
      expectRow(row, [...ids, ...tokens.slice(0, i)], 5);
    });
  });

  test("rows are those at the places asked for, text after text", async () => {
    using source = await begin(dialect, { top: 3 });
    const rows = await source.rows([
      { ids, positions: Int32Array.of(1, 4) },
      { ids: Int32Array.of(9), positions: Int32Array.of(0) },
    ]);
    expect(rows).toHaveLength(3);
    expectRow(rows[0], [3, 1], 3);
    expectRow(rows[1], ids, 3);
    expectRow(rows[2], [9], 3);
  });
});

test.each(["vllm", "llama.cpp"])("%s tells whole rows where it may", async (dialect) => {
  using source = await begin(dialect);
  expect(source.rowKind).toBe("full");
  const { rows } = await source.propose({ ...request, temperature: 0.7 });
  expectRow(rows[0], ids);
  expectRow((await source.rows([{ ids, positions: Int32Array.of(2) }]))[0], [3, 1, 4]);
});

test("OpenAI's route tells 20 tokens at most, whatever is asked", async () => {
  using source = await begin("openai", { top: 500 });
  expect(source.rowKind).toBe("top");
  expect(upstream.service.calls.at(-1)?.body).toMatchObject({ logprobs: 20, top_p: 1 });
});

test("what a server might do of itself is switched off", async () => {
  using source = await begin();
  await source.propose(request);
  expect(upstream.service.calls.at(-1)?.body).toMatchObject({ top_p: 1, top_k: -1, min_p: 0, ignore_eos: true });
});

test("an end token ends the proposal", async () => {
  using source = await begin();
  const { tokens } = await source.propose(request);
  const cut = await source.propose({ ...request, endIds: [tokens[1] as number] });
  expect([...cut.tokens]).toEqual([...tokens.slice(0, tokens.indexOf(tokens[1] as number) + 1)]);
});

describe("opening", () => {
  test("names the models there are when one is asked for that is not", async () => {
    upstream = await startFakeUpstream("vllm");
    await expect(open("vllm", { model: "n" })).rejects.toThrow(/serves no model "n"/);
  });

  test("takes the context that the server tells, and asks for it where it tells none", async () => {
    upstream = await startFakeUpstream("vllm");
    using source = await open("vllm", { contextLength: undefined });
    expect(source.contextLength).toBe(64);
    upstream.change = (answer) => ("data" in answer ? { data: [{ id: "m" }] } : answer);
    await expect(open("vllm", { contextLength: undefined })).rejects.toThrow(/does not say how long/);
  });

  test("fails where the server tells no log-probabilities", async () => {
    upstream = await startFakeUpstream("vllm");
    upstream.change = (answer) => ("choices" in answer ? { ...answer, choices: [{ text: "yes" }] } : answer);
    await expect(open()).rejects.toThrow(/gave no log-probabilities/);
  });
});

describe("an upstream that fails", () => {
  test("is asked again, with growing pauses or as it says, and then given up", async () => {
    using source = await begin("vllm", { retries: 2 });
    upstream.instead = (_path, number) =>
      number % 2 === 0 ? { status: 503 } : { status: 429, headers: { "retry-after": "3" } };
    await expect(source.propose(request)).rejects.toThrow(/after 3 tries/);
    expect(waits).toHaveLength(2);
    expect(waits).toContain(3000);
  });

  test("may come back, if it is the model it was", async () => {
    using source = await begin();
    let failures = 2;
    upstream.instead = () => (failures-- > 0 ? { status: 502 } : undefined);
    expect((await source.propose(request)).tokens).toHaveLength(4);
  });

  test("and comes back as another model is refused, though it has the same name", async () => {
    using source = await begin();
    let failures = 1;
    upstream.instead = (): Reply | undefined => (failures-- > 0 ? { status: 502 } : undefined);
    upstream.label = "another";
    await expect(source.propose(request)).rejects.toThrow(/no longer the model it was/);
    await expect(source.propose(request)).rejects.toThrow(/no longer the model it was/);
  });

  test("and changes unseen is found out when its time has come", async () => {
    using source = await begin("vllm", { probeSeconds: 10 });
    upstream.label = "another";
    await source.propose(request);
    clock = 11_000;
    await expect(source.propose(request)).rejects.toThrow(/no longer the model it was/);
  });

  test("and may have come back as another is looked at after a request that was not tried again", async () => {
    using source = await begin("vllm", { retries: 0 });
    upstream.instead = () => ({ status: 502 });
    await expect(source.propose(request)).rejects.toThrow(/answered 502/);
    upstream.instead = undefined;
    upstream.label = "another";
    await expect(source.propose(request)).rejects.toThrow(/no longer the model it was/);
  });

  test.each<[string, readonly [number, number], "all" | 1, boolean]>([
    ["of two equally likely tokens now chooses the other is the same", [0.45, 0.45], "all", true],
    ["tells one token, and now another that is as likely, is the same", [0.45, 0.45], 1, true],
    ["tells one token, and now one that is likelier, is another", [0.4, 0.5], 1, false],
    ["tells one token, and now one that is less likely, is another", [0.5, 0.4], 1, false],
  ])("and %s", async (_, chances, top, same) => {
    upstream = await startFakeUpstream("vllm");
    let chosen = 0;
    upstream.change = (answer) => {
      if (!answer.choices) return answer;
      const rest = (1 - chances[0] - chances[1]) / (upstreamWidth - 2);
      const all = Array.from({ length: upstreamWidth }, (_, id) => [`token_id:${id}`, Math.log(chances[id] ?? rest)]);
      const told = Object.fromEntries(top === 1 ? all.slice(chosen, chosen + 1) : all);
      return { ...answer, choices: [{ logprobs: { tokens: [`token_id:${chosen}`], top_logprobs: [told] } }] };
    };
    using source = await open("vllm", { probeSeconds: 10, top });
    chosen = 1;
    clock = 11_000;
    const asked = source.propose(request).then(() => true);
    if (same) expect(await asked).toBe(true);
    else await expect(asked).rejects.toThrow(/no longer the model it was/);
  });

  test("is not waited for longer than it may take, and an abort ends the waiting", async () => {
    using source = await begin("vllm", { retries: 0, timeoutSeconds: 0.1 });
    upstream.instead = () => new Promise(() => {});
    await expect(source.propose(request)).rejects.toThrow(/no answer in 0.1 s/);
    const stop = AbortSignal.abort(new DOMException("gone", "AbortError"));
    await expect(source.propose(request, stop)).rejects.toThrow("gone");
  });

  test("and is not there is named with its address", async () => {
    upstream = await startFakeUpstream("vllm");
    await upstream.service.close();
    await expect(open("vllm", { retries: 1 })).rejects.toThrow(/127\.0\.0\.1.*cannot be reached \(after 2 tries\)/);
  });
});

describe("an answer is not believed", () => {
  type Completions = {
    choices: [{ logprobs: { tokens: string[]; top_logprobs: Record<string, number>[] }; prompt_logprobs: unknown[] }];
    usage: { prompt_tokens: number };
    model: string;
    system_fingerprint?: string;
  };
  const cases: [string, RegExp, (answer: Completions) => unknown][] = [
    ["from another model", /answers as "x" now/, (a) => ({ ...a, model: "x" })],
    ["to another prompt", /read 4 tokens where 5 were sent/, (a) => ({ ...a, usage: { prompt_tokens: 4 } })],
    ["cut off in its middle", /no longer|form|other/, () => ({ choices: [] })],
    ["without tokens", /proposed no token/, (a) => ({ ...a, choices: [{ logprobs: null }] })],
    [
      "with more tokens than asked",
      /gave 5 tokens where 4 were asked/,
      ({ choices: [{ logprobs: l }], ...a }) => ({
        ...a,
        choices: [
          { logprobs: { tokens: [...l.tokens, l.tokens[0]], top_logprobs: [...l.top_logprobs, l.top_logprobs[0]] } },
        ],
      }),
    ],
    [
      "with a token that it tells nothing of",
      /token 99 at a place/,
      ({ choices: [{ logprobs: l }], ...a }) => ({
        ...a,
        choices: [{ logprobs: { ...l, tokens: ["token_id:99", ...l.tokens.slice(1)] } }],
      }),
    ],
    [
      "with a token other than its likeliest",
      /asked for its likeliest token and chose another/,
      ({ choices: [{ logprobs: l }], ...a }) => {
        const last = Object.keys(l.top_logprobs[0] as object).at(-1) as string;
        return { ...a, choices: [{ logprobs: { ...l, tokens: [last, ...l.tokens.slice(1)] } }] };
      },
    ],
    [
      "with probabilities beyond 1",
      /add up to|as a log-probability/,
      ({ choices: [{ logprobs: l }], ...a }) => ({
        ...a,
        choices: [
          {
            logprobs: {
              ...l,
              top_logprobs: l.top_logprobs.map((top) => Object.fromEntries(Object.keys(top).map((key) => [key, -0.1]))),
            },
          },
        ],
      }),
    ],
    [
      "with half a row where all was asked",
      /was asked for every token and told of 2/,
      ({ choices: [{ logprobs: l }], ...a }) => ({
        ...a,
        choices: [
          {
            logprobs: {
              ...l,
              top_logprobs: l.top_logprobs.map((top) => Object.fromEntries(Object.entries(top).slice(0, 2))),
            },
          },
        ],
      }),
    ],
    [
      "with a name that no token has",
      /no token of the tokenizer has/,
      ({ choices: [{ logprobs: l }], ...a }) => ({
        ...a,
        choices: [{ logprobs: { ...l, tokens: ["Zebra", ...l.tokens.slice(1)] } }],
      }),
    ],
  ];
  test.each(cases)("%s", async (_what, message, change) => {
    using source = await begin();
    upstream.change = (answer) => change(answer as unknown as Completions);
    await expect(source.propose(request)).rejects.toThrow(message);
  });

  test("whose fingerprint has changed", async () => {
    upstream = await startFakeUpstream("vllm");
    upstream.change = (answer) => ({ ...answer, system_fingerprint: "a" });
    using source = await open();
    upstream.change = (answer) => ({ ...answer, system_fingerprint: "b" });
    await expect(source.propose(request)).rejects.toThrow(/fingerprint has changed/);
  });

  test("that tells of fewer places than asked, or of another text", async () => {
    using source = await begin();
    const text = { ids, positions: Int32Array.of(1, 2) };
    upstream.change = (answer) => {
      const { choices, ...rest } = answer as unknown as Completions;
      return { ...rest, choices: [{ ...choices[0], prompt_logprobs: choices[0].prompt_logprobs.slice(0, 3) }] };
    };
    await expect(source.rows([text])).rejects.toThrow(/told of 1 places of a text where 2 were asked/);
    upstream.change = (answer) => {
      const { choices, ...rest } = answer as unknown as Completions;
      return {
        ...rest,
        choices: [{ ...choices[0], prompt_logprobs: ids.length > 0 && [...ids].map(() => ({ "0": { logprob: 0 } })) }],
      };
    };
    await expect(source.rows([text])).rejects.toThrow(/another text than was sent/);
  });
});

test("llama.cpp's gap at an unfinished character ends the chunk before it", async () => {
  using source = await begin("llama.cpp");
  const whole = await source.propose(request);
  upstream.change = (answer) => ({
    ...answer,
    completion_probabilities: (answer.completion_probabilities as unknown[]).filter((_, i) => i !== 2),
  });
  expect([...(await source.propose(request)).tokens]).toEqual([...whole.tokens.slice(0, 2)]);
});
