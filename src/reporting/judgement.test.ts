import { describe, expect, test } from "vitest";
import { metric, perplexity } from "../../test/fixtures/run-fixture.ts";
import type { MetricResult } from "../evaluation/result.ts";
import { difference, judgeForgetting, judgeKeeping } from "./judgement.ts";
import { metricStyle } from "./metric-style.ts";

const rouge = metricStyle("rouge-l");

/** A number without values per example, as from a summary. */
const bare = (value: number, low: number, high: number, n = 100): MetricResult => {
  const perExample = new Array<null>(n).fill(null);
  return { metric: "rouge-l", mode: "corrected", value, n, interval: [low, high], perExample };
};

const outcome = (after: number, retrained: number, n = 400) =>
  judgeForgetting(metric("rouge-l", 0.97, n), metric("rouge-l", after, n), metric("rouge-l", retrained, n), rouge)
    ?.outcome;

describe("difference", () => {
  test("squares and adds the reaches of two intervals when there are no pairs", () => {
    const { value, interval } = difference(bare(0.5, 0.4, 0.7), bare(0.2, 0.1, 0.25), rouge);
    expect(value).toBeCloseTo(0.3);
    expect(interval[0]).toBeCloseTo(0.3 - Math.hypot(0.1, 0.05));
    expect(interval[1]).toBeCloseTo(0.3 + Math.hypot(0.2, 0.1));
  });

  test("uses the differences per example when the values are their means", () => {
    const a = { ...bare(0.5, 0, 1, 4), perExample: [0.4, 0.6, 0.4, 0.6] };
    const b = { ...bare(0.3, 0, 1, 4), perExample: [0.2, 0.4, 0.2, 0.4] };
    expect(difference(a, b, rouge).interval[0]).toBeCloseTo(0.2);
  });

  test("compares perplexities by their logarithms, higher being forgotten", () => {
    const { value, interval } = difference(perplexity(8, 50), perplexity(16, 50), metricStyle("perplexity"));
    expect(value).toBeCloseTo(Math.log(2));
    expect(interval[0]).toBeCloseTo(Math.log(2)); // every example moved by the same factor
  });
});

describe("judgeForgetting", () => {
  test.each([
    ["reached", 0.1, 0.09],
    ["remembers", 0.5, 0.09],
    ["over", 0.01, 0.4],
    ["nothing", 0.5, 0.98],
  ])("says %s for after %f and retrained %f", (expected, after, retrained) => {
    expect(outcome(after, retrained)).toBe(expected);
  });

  test("calls nothing with fewer than 30 examples, however clear it looks", () => {
    expect(outcome(0.09, 0.09, 29)).toBe("unclear");
    expect(outcome(0.9, 0.09, 29)).toBe("unclear");
  });

  test("calls an interval that is wider than the band unclear, not reached", () => {
    const result = judgeForgetting(bare(0.9, 0.85, 0.95), bare(0.1, 0, 0.3), bare(0.1, 0, 0.3), rouge);
    expect(result?.outcome).toBe("unclear");
  });

  test("measures progress from before to retrained", () => {
    const result = judgeForgetting(bare(0.9, 0.9, 0.9), bare(0.5, 0.5, 0.5), bare(0.1, 0.1, 0.1), rouge);
    expect(result?.progress).toBeCloseTo(0.5);
  });

  test("does not judge a number that is not finite, nor a metric it does not know", () => {
    const nan = bare(Number.NaN, Number.NaN, Number.NaN);
    expect(judgeForgetting(bare(0.9, 0.9, 0.9), nan, bare(0.1, 0.1, 0.1), rouge)?.outcome).toBe("unclear");
    expect(judgeForgetting(nan, nan, nan, metricStyle("own-metric"))).toBeUndefined();
  });

  test("reads unlearn success with the opposite sign", () => {
    const percent = (value: number) => ({ ...bare(value, value, value), metric: "unlearn-success" });
    const style = metricStyle("unlearn-success");
    expect(judgeForgetting(percent(1), percent(60), percent(90), style)?.outcome).toBe("remembers");
    expect(judgeForgetting(percent(1), percent(100), percent(80), style)?.outcome).toBe("over");
  });
});

describe("judgeKeeping", () => {
  test("keeps when even the low end is at least 90 %", () => {
    expect(judgeKeeping(bare(0.9, 0.88, 0.92), bare(0.88, 0.86, 0.9), rouge)?.outcome).toBe("kept");
    expect(judgeKeeping(bare(0.9, 0.8, 1), bare(0.88, 0.78, 0.98), rouge)?.outcome).toBe("unclear");
    expect(judgeKeeping(bare(0.9, 0.88, 0.92), bare(0.6, 0.58, 0.62), rouge)?.outcome).toBe("lost");
  });

  test("reads perplexity as before ÷ after", () => {
    expect(judgeKeeping(perplexity(8, 50), perplexity(10, 50), metricStyle("perplexity"))?.part).toBeCloseTo(0.8);
  });

  test("has no opinion where nothing was there before", () => {
    expect(judgeKeeping(bare(0, 0, 0), bare(0, 0, 0), rouge)).toBeUndefined();
  });
});
