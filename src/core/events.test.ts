import { expect, test } from "vitest";
import { combine, silent, type TaskEvent } from "./events.ts";

test("combined reporters all receive every event, in the order given", () => {
  const received: string[] = [];
  const report = combine(
    (event) => received.push(`first ${event.type}`),
    silent,
    (event) => received.push(`second ${event.type}`),
  );
  const events: TaskEvent[] = [
    { type: "run-start", command: "train" },
    { type: "run-end", outcome: "finished", seconds: 1 },
  ];
  for (const event of events) report(event);
  expect(received).toEqual(["first run-start", "second run-start", "first run-end", "second run-end"]);
});
