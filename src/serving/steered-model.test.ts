// What the server gives out of a steered model is steered, or is an error.

import { afterEach, describe, expect, test } from "vitest";
import {
  type FakeUpstream,
  startFakeUpstream,
  tinyTokenizer,
  upstreamWidth,
} from "../steering/fixtures/fake-upstream.ts";
import { rowAfter, tinyOffset } from "../steering/fixtures/tiny-steering.ts";
import { httpSourceConfig, normalise, openHttpSource, steerRow } from "../steering/index.ts";
import type { TokenRequest } from "./served-model.ts";
import { createSteeredModel } from "./steered-model.ts";

let upstream: FakeUpstream;
afterEach(() => upstream.service.close());

async function begin() {
  upstream = await startFakeUpstream("vllm");
  const config = httpSourceConfig.parse({ url: upstream.service.url, model: "m", retries: 0 });
  const source = await openHttpSource(config, { tokenizer: tinyTokenizer });
  const offset = tinyOffset("o", upstreamWidth, 0.5);
  return createSteeredModel({
    name: "m-steered",
    source,
    offset,
    tokenizer: tinyTokenizer,
    chatTemplate: undefined,
    chunk: 4,
  });
}

const request: TokenRequest = {
  prompt: Int32Array.of(3, 1, 4),
  maxTokens: 12,
  choice: { temperature: 0 },
  seed: 1,
  stopIds: new Set(),
  rows: true,
};
const never = new AbortController().signal;

const byFormula = (ids: Iterable<number>) => {
  const seen = [...ids];
  const offset = rowAfter("o", seen, upstreamWidth).map((x) => 0.5 * x);
  return normalise(steerRow(rowAfter("m", seen, upstreamWidth), offset));
};
const near = (row: Float32Array) => [...row].map((x) => expect.closeTo(x, 4));

test("tokens and rows are those of P_e, and the counters say what they cost", async () => {
  using model = await begin();
  const ids = [...request.prompt];
  for await (const { id, row } of model.generate(request, never)) {
    const expected = byFormula(ids);
    expect([...(row as Float32Array)]).toEqual(near(expected));
    expect(id).toBe(expected.indexOf(Math.max(...expected)));
    ids.push(id);
  }
  expect(ids).toHaveLength(15);
  const counters = model.counters?.() ?? {};
  expect(counters.steered_tokens).toBe(12);
  expect(counters.upstream_tokens_accepted).toBeLessThan(counters.upstream_tokens_proposed as number);
});

test("a prompt's rows are steered, too", async () => {
  using model = await begin();
  const rows: Float32Array[] = [];
  for await (const row of model.promptRows(request.prompt, never)) rows.push(row);
  expect(rows).toHaveLength(3);
  rows.forEach((row, i) => {
    expect([...row]).toEqual(near(byFormula(request.prompt.slice(0, i + 1))));
  });
});

test("who leaves in the middle of a text leaves nothing of it behind", async () => {
  using _ = await begin();
  let open = 0;
  const offset = {
    ...tinyOffset("o", upstreamWidth, 0.5),
    reader: (positions: number) => {
      const reader = tinyOffset("o", upstreamWidth, 0.5).reader(positions);
      open++;
      return Object.assign(reader, { [Symbol.dispose]: () => open-- });
    },
  };
  const config = httpSourceConfig.parse({ url: upstream.service.url, model: "m" });
  const source = await openHttpSource(config, { tokenizer: tinyTokenizer });
  using model = createSteeredModel({ name: "m", source, offset, tokenizer: tinyTokenizer, chatTemplate: undefined });
  for await (const event of model.generate(request, never)) {
    expect([event.id, open]).toEqual([expect.any(Number), 1]);
    break;
  }
  expect(open).toBe(0);
});

test("its context is the smaller one, and both are told", async () => {
  using model = await begin();
  expect(model.contextLength).toBe(64);
  expect(model.contextLimits).toEqual({ upstream: 64, offset: 1000 });
});

describe("no token is given out unsteered", () => {
  test("when the upstream fails in the middle", async () => {
    using model = await begin();
    const given: number[] = [];
    const reading = (async () => {
      for await (const { id } of model.generate(request, never)) {
        given.push(id);
        upstream.instead = () => ({ status: 500, body: "out of memory" });
      }
    })();
    await expect(reading).rejects.toMatchObject({
      code: "upstream",
      message: expect.stringMatching(/answered 500: out of memory/),
    });
    expect(given.length).toBeLessThan(12);
  });

  test("when the offset cannot be computed", async () => {
    using _ = await begin();
    const config = httpSourceConfig.parse({ url: upstream.service.url, model: "m" });
    const source = await openHttpSource(config, { tokenizer: tinyTokenizer });
    const offset = {
      ...tinyOffset("o", upstreamWidth, 0.5),
      reader: () => {
        throw new Error("no memory for the pair");
      },
    };
    using model = createSteeredModel({ name: "m", source, offset, tokenizer: tinyTokenizer, chatTemplate: undefined });
    await expect(model.generate(request, never).next()).rejects.toThrow("no memory for the pair");
  });

  test("after it was closed or the client left", async () => {
    const model = await begin();
    await expect(model.generate(request, AbortSignal.abort(new Error("left"))).next()).rejects.toThrow("left");
    model.dispose();
    await expect(model.generate(request, never).next()).rejects.toThrow(/is being closed/);
  });
});
