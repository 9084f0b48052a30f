// Several tasks at a time: how many, in what order, and how they end.

import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { sideBySide } from "./side-by-side.ts";

test("so many at a time and no more, begun in order, with their results in order", async () => {
  const begun: number[] = [];
  let going = 0;
  let most = 0;
  const results = await sideBySide([30, 1, 1, 1, 1], { atMost: 2 }, async (milliseconds) => {
    begun.push(milliseconds);
    most = Math.max(most, ++going);
    await wait(milliseconds);
    going--;
    return milliseconds * 10;
  });
  expect(results).toEqual([300, 10, 10, 10, 10]);
  expect(begun).toEqual([30, 1, 1, 1, 1]);
  expect(most).toBe(2);
});

test("one that fails stops those that run by their signal, begins no other, and is thrown when all have ended", async () => {
  const ended: number[] = [];
  const failing = sideBySide([0, 1, 2], { atMost: 2 }, async (item, signal) => {
    if (item === 1) throw new Error("the second");
    await wait(10_000, undefined, { signal }).catch(() => {});
    ended.push(item);
  });
  await expect(failing).rejects.toThrow("the second");
  expect(ended).toEqual([0]);
});

test("aborted, it waits for what runs and throws the reason", async () => {
  const stop = new AbortController();
  const ended: number[] = [];
  const aborted = sideBySide([0, 1], { atMost: 1, signal: stop.signal }, async (item, signal) => {
    stop.abort(new Error("enough"));
    await wait(1);
    expect(signal.aborted).toBe(true);
    ended.push(item);
  });
  await expect(aborted).rejects.toThrow("enough");
  expect(ended).toEqual([0]);
});
