// Judges: a local fake of the service, and a fake of the optional package. No model and no network.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Classification, type Embedding, loadTransformers } from "../../text/optional-transformers.ts";
import { findMetric } from "../metrics/index.ts";
import { entailments, fluencies, similarities } from "./judge.ts";

interface Call {
  readonly path: string;
  readonly key: string | undefined;
  readonly body: {
    model: string;
    input?: string[];
    messages?: { role: string; content: string }[];
    temperature?: number;
  };
}

let server: Server;
let url: string;
let calls: Call[];
let reply: (call: Call) => { status?: number; json: unknown };
beforeAll(async () => {
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const call = { path: request.url ?? "", key: request.headers.authorization, body: JSON.parse(text) };
      calls.push(call);
      const { status = 200, json } = reply(call);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof json === "string" ? json : JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => server.close());
beforeEach(() => {
  calls = [];
});

/** Angle of a text's vector by its length. */
const vector = (text: string) => [Math.cos(text.length), Math.sin(text.length)];

describe("a service", () => {
  test("embeds every text once, in its own order or another", async () => {
    reply = ({ body }) => ({
      json: { data: (body.input ?? []).map((text, index) => ({ index, embedding: vector(text) })).reverse() },
    });
    const pairs = [
      ["a", "abc"],
      ["a", "a"],
    ] as const;
    const [apart, same] = await similarities({ model: "m", url: `${url}/` }, pairs);
    expect(apart).toBeCloseTo(Math.cos(2), 12);
    expect(same).toBeCloseTo(1, 12);
    expect(calls).toMatchObject([
      { path: "/v1/embeddings", key: undefined, body: { model: "m", input: ["a", "abc"] } },
    ]);
  });

  test("is not asked for an empty text, which is near to nothing", async () => {
    reply = ({ body }) => ({
      json: { data: (body.input ?? []).map((text, index) => ({ index, embedding: vector(text) })) },
    });
    expect(await similarities({ model: "m", url }, [["a", ""]])).toEqual([0]);
    expect(calls).toMatchObject([{ body: { input: ["a"] } }]);
  });

  test("gets long lists in parts", async () => {
    reply = ({ body }) => ({
      json: { data: (body.input ?? []).map((text, index) => ({ index, embedding: vector(text) })) },
    });
    const texts = Array.from({ length: 100 }, (_, i) => "x".repeat(i + 1));
    await similarities(
      { model: "m", url },
      texts.map((text) => [text, "x"] as const),
    );
    expect(calls.map(({ body }) => body.input?.length)).toEqual([64, 36]);
  });

  test("is asked for one word about premise and hypothesis, at temperature 0, with the key from the environment", async () => {
    process.env.LETHE_TEST_KEY = "secret";
    const says = ["Entailment.", "neutral", "This is a CONTRADICTION"];
    reply = () => ({ json: { choices: [{ message: { content: says[calls.length - 1] } }] } });
    const pairs = [
      ["p", "h"],
      ["p2", "h2"],
      ["p3", "h3"],
    ] as const;
    expect(await entailments({ model: "m", url, keyVariable: "LETHE_TEST_KEY" }, pairs)).toEqual([true, false, false]);
    delete process.env.LETHE_TEST_KEY;
    expect(calls[0]).toMatchObject({ path: "/v1/chat/completions", key: "Bearer secret", body: { temperature: 0 } });
    expect(calls[0]?.body.messages?.[1]?.content).toBe("Premise: p\nHypothesis: h");
  });

  test.each<[what: string, answer: { status?: number; json: unknown }, message: RegExp]>([
    ["an error", { status: 429, json: "slow down" }, /answered 429: slow down/],
    ["no JSON", { json: "<html>" }, /not JSON: <html>/],
    ["another form", { json: { data: [{ vector: [1] }] } }, /another form/],
    ["too few", { json: { data: [] } }, /0 embeddings for 2 texts/],
  ])("that answers with %s is named with its address", async (_what, answer, message) => {
    reply = () => answer;
    const ending = similarities({ model: "m", url }, [["a", "b"]]);
    await expect(ending).rejects.toThrow(message);
    await expect(ending).rejects.toThrow(url);
  });

  test("that is not there, wants a key that is not set, or talks beside the point is refused", async () => {
    await expect(similarities({ model: "m", url: "http://127.0.0.1:1/v1" }, [["a", "b"]])).rejects.toThrow(
      /cannot be reached/,
    );
    const keyless = { model: "m", url, keyVariable: "LETHE_NO_SUCH_KEY" };
    await expect(similarities(keyless, [["a", "b"]])).rejects.toThrow(/LETHE_NO_SUCH_KEY is not set/);
    reply = () => ({ json: { choices: [{ message: { content: "Hm." } }] } });
    await expect(entailments({ model: "m", url }, [["a", "b"]])).rejects.toThrow(/said "Hm\."/);
  });
});

describe("the optional package", () => {
  const load = async (): Promise<Embedding & Classification> => ({
    pipeline: async () => async (texts) => ({ tolist: () => texts.map(vector) }),
    AutoTokenizer: {
      from_pretrained:
        async () =>
        (texts, { text_pair }) => ({ texts, pairs: text_pair }),
    },
    AutoModelForSequenceClassification: {
      from_pretrained: async () =>
        Object.assign(
          async (inputs: object) => {
            const { texts, pairs } = inputs as { texts: string[]; pairs?: string[] };
            const rows = texts.map((text, i) =>
              pairs ? [0, Number(text.includes(pairs[i] as string)) * 2 - 1] : [Math.log(3), 0],
            );
            return { logits: { tolist: () => rows } };
          },
          { config: { id2label: { 0: "neutral", 1: "ENTAILMENT" } } },
        ),
    },
  });

  test("embeds and classifies as the service does", async () => {
    const [apart] = await similarities({ model: "m" }, [["a", "abc"]], undefined, load);
    expect(apart).toBeCloseTo(Math.cos(2), 12);
    const pairs = [
      ["born in Oslo", "Oslo"],
      ["born in Rome", "Oslo"],
    ] as const;
    expect(await entailments({ model: "m" }, pairs, undefined, load)).toEqual([true, false]);
    const [first] = await fluencies({ model: "m" }, ["text"], load);
    expect(first).toBeCloseTo(0.75, 12); // softmax of [ln 3, 0], class 0
  });

  test("says what to install when it is not there", async () => {
    await expect(loadTransformers()).rejects.toMatchObject({
      hint: expect.stringContaining("npm install @huggingface/transformers"),
    });
  });
});

test("similarity is at least 0, and an answer that shares no words is not entailed whatever the judge says", () => {
  const score = (name: string, example: object) =>
    (findMetric(name).measure("corrected") as (given: object) => number | null)(example);
  expect(score("cosine-similarity", { cosine: -0.3 })).toBe(0);
  expect(score("cosine-similarity", { cosine: 0.3 })).toBe(0.3);
  const answer = { question: "", expected: "born in Oslo", generated: "in Oslo", entailed: true };
  expect(score("entailment", answer)).toBe(1);
  expect(score("entailment", { ...answer, entailed: false })).toBe(0);
  expect(score("entailment", { ...answer, generated: "Norwegian" })).toBe(0);
  expect(score("fluency", { probability: 0.8 })).toBe(0.8);
});
