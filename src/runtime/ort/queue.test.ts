import { expect, test } from "vitest";
import { createPace } from "./pace.ts";
import { createQueue } from "./queue.ts";

test("turns are taken one at a time, in order, and a free turn costs no waiting", async () => {
  const queue = createQueue();
  const order: number[] = [];
  expect(queue.enter()).toBeUndefined();
  expect(queue.idle).toBe(false);
  const others = [1, 2, 3].map(async (number) => {
    await queue.enter();
    order.push(number);
    queue.leave();
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  queue.leave();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
  expect(queue.idle).toBe(true);
});

test("whoever gives up waiting is passed over", async () => {
  const queue = createQueue();
  queue.enter();
  const control = new AbortController();
  const gone = queue.enter(control.signal);
  const next = queue.enter();
  control.abort("bored");
  await expect(gone).rejects.toBe("bored");
  queue.leave();
  await next;
  queue.leave();
  expect(queue.idle).toBe(true);
});

test("short tasks run at once when the turn is free, else before the next turn, also those that they add", async () => {
  const queue = createQueue();
  const order: string[] = [];
  queue.soon(() => order.push("now"));
  queue.enter();
  queue.soon(() => {
    order.push("between");
    queue.soon(() => order.push("added"));
  });
  const next = queue.enter()?.then(() => order.push("next"));
  expect(order).toEqual(["now"]);
  queue.leave();
  await next;
  expect(order).toEqual(["now", "between", "added", "next"]);
});

test("the first run goes to another thread, short ones stay, and after four milliseconds of them one goes", () => {
  const pace = createPace();
  expect(pace.stays()).toBe(false);
  pace.took(0.5, false);
  let stayed = 0;
  for (; pace.stays(); stayed++) pace.took(0.5, true);
  expect(stayed).toBe(8);
  pace.took(0.5, false);
  expect(pace.stays()).toBe(true);
  pace.took(3, true);
  expect(pace.stays()).toBe(false);
});
