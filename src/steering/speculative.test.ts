// Speculation changes what a text costs, never what it says: greedy text equals P_e decoded token by token, drawn text is distributed as P_e.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import { mostLikely } from "../generation/index.ts";
import { steerRow } from "./ensemble.ts";
import { rowAfter, type TinySource, tinyOffset, tinySource, topOf } from "./fixtures/tiny-steering.ts";
import { decodeSpeculatively, type SpeculativeOptions } from "./speculative.ts";
import { judgeDrawn } from "./speculative-rule.ts";
import { spreadTail } from "./tail.ts";

const prompt = Int32Array.of(1, 2, 3);
const count = () => ({ requests: 0, proposed: 0, accepted: 0 });

async function textOf(source: TinySource, strength: number, options: Partial<SpeculativeOptions>, counted = count()) {
  const tokens = decodeSpeculatively(
    source,
    tinyOffset("o", source.vocabularySize, strength),
    prompt,
    { maxNewTokens: 20, seed: 1, stopIds: new Set(), ...options },
    counted,
  );
  const ids: number[] = [];
  for (;;) {
    const next = await tokens.next();
    if (next.done) return { ids, finish: next.value, counted };
    ids.push(next.value.id);
  }
}

/** l_e after a text, by the formula. */
function steered(label: string, ids: readonly number[], width: number, strength: number, top?: number): Float32Array {
  const own = rowAfter(label, ids, width);
  const model = top === undefined ? own : spreadTail(topOf(own, top), rowAfter("o frozen", ids, width), width);
  return steerRow(
    model,
    rowAfter("o", ids, width).map((x) => strength * x),
  );
}

describe("greedy text", () => {
  test("equals P_e token by token, whatever the chunk, the offset and how much of M's rows is known", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          label: fc.string(),
          width: fc.integer({ min: 2, max: 9 }),
          strength: fc.constantFrom(0, 0.1, 0.5, 3),
          chunk: fc.integer({ min: 1, max: 8 }),
          top: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
          end: fc.integer({ min: 0, max: 12 }),
        }),
        async ({ label, width, strength, chunk, top, end }) => {
          const source = tinySource(label, width, top);
          const found = await textOf(source, strength, { chunk, stopIds: new Set([end]) });
          const ids = [...prompt];
          let finish = "length";
          while (ids.length < prompt.length + 20) {
            const id = mostLikely(steered(label, ids, width, strength, top));
            if (id === end) {
              finish = "stop";
              break;
            }
            ids.push(id);
          }
          expect({ ids: found.ids, finish: found.finish }).toEqual({ ids: ids.slice(prompt.length), finish });
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  test("costs one request per chunk where the offset changes nothing", async () => {
    const { counted } = await textOf(tinySource("m", 8), 0, { chunk: 5 });
    expect(counted).toEqual({ requests: 4, proposed: 20, accepted: 20 });
  });

  test("asks for less after a token that did not stand, and for more again when chunks pass", async () => {
    const source = tinySource("m", 8);
    const { ids } = await textOf(source, 0.4, { chunk: 8, maxNewTokens: 40 });
    const lengths = source.requests.map(({ ids: sent }) => sent.length - prompt.length);
    source.requests.forEach(({ tokens, ids: sent }, i) => {
      expect([...sent.slice(prompt.length)]).toEqual(ids.slice(0, sent.length - prompt.length));
      const next = source.requests[i + 1];
      if (!next) return;
      const gained = (lengths[i + 1] as number) - (lengths[i] as number);
      const room = 40 - (lengths[i + 1] as number);
      const lastOwn = mostLikely(rowAfter("m", [...prompt, ...ids.slice(0, (lengths[i + 1] as number) - 1)], 8));
      const allStood = gained === tokens && lastOwn === ids[(lengths[i + 1] as number) - 1];
      expect(next.tokens).toBe(Math.min(8, room, allStood ? 2 * tokens : gained));
    });
    expect(new Set(source.requests.map(({ tokens }) => tokens)).size).toBeGreaterThan(2);
  });
});

describe("drawn text", () => {
  /** Pearson's statistic of counts of pairs of tokens against the distribution by the formula. */
  async function statistic(top: number | undefined, temperature: number) {
    const width = 4;
    const draws = 4000;
    const source = tinySource("m", width, top);
    const counts = new Array<number>(width ** 2).fill(0);
    for (let seed = 0; seed < draws; seed++) {
      const { ids } = await textOf(source, 0.6, { chunk: 3, maxNewTokens: 2, temperature, seed });
      const cell = (ids[0] as number) * width + (ids[1] as number);
      counts[cell] = (counts[cell] as number) + 1;
    }
    const p = (ids: readonly number[]) => {
      const weights = steered("m", ids, width, 0.6, top).map((x) => Math.exp(x / temperature));
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((x) => x / sum);
    };
    const first = p([...prompt]);
    let sum = 0;
    for (let a = 0; a < width; a++) {
      const second = p([...prompt, a]);
      for (let b = 0; b < width; b++) {
        const expected = draws * (first[a] as number) * (second[b] as number);
        sum += ((counts[a * width + b] as number) - expected) ** 2 / expected;
      }
    }
    return sum;
  }
  // 15 degrees of freedom: 37.7 is exceeded with probability 0.001.
  test.each([
    ["full rows, temperature 1", undefined, 1],
    ["full rows, temperature 0.7", undefined, 0.7],
    ["two tokens of each row, temperature 1.3", 2, 1.3],
  ])("is distributed as P_e: %s", async (_name, top, temperature) => {
    expect(await statistic(top, temperature)).toBeLessThan(37.7);
  });

  test("is drawn from full rows with M's own draws and from others with M's certain tokens", async () => {
    const [full, part] = [tinySource("m", 6), tinySource("m", 6, 2)];
    for (const source of [full, part]) await textOf(source, 0.5, { temperature: 0.8 });
    expect(new Set(full.requests.map(({ temperature }) => temperature))).toEqual(new Set([0.8]));
    expect(new Set(part.requests.map(({ temperature }) => temperature))).toEqual(new Set([0]));
  });

  test("keeps to its filters: with top-k 1 it is the greedy text", async () => {
    const drawn = await textOf(tinySource("m", 8), 0.5, { temperature: 1, topK: 1, seed: 5 });
    expect(drawn.ids).toEqual((await textOf(tinySource("m", 8), 0.5, {})).ids);
  });

  test("comes again with its seed and only with it", async () => {
    const draw = async (seed: number) => (await textOf(tinySource("m", 8), 0.5, { temperature: 1, seed })).ids;
    expect(await draw(3)).toEqual(await draw(3));
    expect(await draw(3)).not.toEqual(await draw(4));
  });
});

test("a proposal from the same distribution always stands, a forbidden one never", () => {
  const row = rowAfter("same", [1], 6);
  const forbidden = Float32Array.from(row, (x, id) => (id === 2 ? Number.NEGATIVE_INFINITY : x));
  const random = createRandom(1);
  for (let i = 0; i < 100; i++) {
    expect(judgeDrawn({ proposed: i % 6, target: row, draft: row }, random)).toBe(i % 6);
    expect(judgeDrawn({ proposed: 2, target: forbidden, draft: row }, random)).not.toBe(2);
    expect(judgeDrawn({ proposed: 2, target: forbidden, draft: undefined }, random)).not.toBe(2);
  }
});

test("a source that gives more than was asked, or a row too few, is not believed", async () => {
  const source = tinySource("m", 5);
  const tooMany = {
    ...source,
    propose: (r: Parameters<typeof source.propose>[0]) => source.propose({ ...r, tokens: 9 }),
  };
  await expect(textOf(tooMany, 0, { chunk: 3 })).rejects.toThrow(/9 tokens and 9 rows for the 3 tokens asked/);
  const short = {
    ...source,
    propose: async (r: Parameters<typeof source.propose>[0]) => {
      const { tokens, rows } = await source.propose(r);
      return { tokens, rows: rows.slice(1) };
    },
  };
  await expect(textOf(short, 0, { chunk: 3 })).rejects.toThrow(/3 tokens and 2 rows/);
});
