import { describe, expect, test } from "vitest";
import type { StepEnd, TaskEvent } from "../core/events.ts";
import { createBarProgress, createJsonProgress, createLineProgress } from "./progress.ts";
import { createTerminal } from "./terminal.ts";

const record = (columns = 80, environment: Record<string, string> = { NO_COLOR: "1" }, isTTY = true) => {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = createTerminal(
    { write: (text) => out.push(text) },
    { isTTY, columns, write: (text) => err.push(text) },
    environment,
  );
  return { terminal, out, err };
};

const step = (number: number, change: Partial<StepEnd> = {}): StepEnd => ({
  type: "step-end",
  step: number,
  steps: 200,
  epoch: 0,
  loss: 2.3141,
  terms: { forget: -1.2, retain: 0.51 },
  learningRate: 2e-5,
  tokens: 1024,
  tokensPerSecond: 3400.4,
  secondsLeft: 75,
  ...change,
});

/** What a terminal shows at the end: carriage returns go back, ESC[K erases the rest of the line. */
function screen(writes: readonly string[]): string[] {
  const lines: string[] = [""];
  let column = 0;
  for (const token of writes.join("").match(/\r|\n|\u001b\[K|[^\r\n\u001b]/gu) ?? []) {
    const line = [...(lines.at(-1) as string)];
    if (token === "\r") column = 0;
    else if (token === "\n") {
      lines.push("");
      column = 0;
    } else if (token === "\u001b[K") lines[lines.length - 1] = line.slice(0, column).join("");
    else {
      line[column++] = token;
      lines[lines.length - 1] = line.join("");
    }
  }
  return lines;
}

describe("the bar", () => {
  test("shows position, share, loss, speed, time left and the terms that fit", () => {
    const { terminal, err } = record(120);
    createBarProgress(terminal, () => 0).report(step(50));
    expect(screen(err)).toEqual([
      "step  50/200 ━━━━━────────────────  loss 2.314  3,400 tok/s  1 min 15 s left  forget -1.200  retain 0.5100  lr 2.000e-5",
    ]);
  });

  test.each([20, 30, 40, 60, 80, 100, 160])("never fills the last of %i columns", (columns) => {
    const { terminal, err } = record(columns);
    createBarProgress(terminal, () => 0).report(step(50));
    const [line = ""] = screen(err);
    expect([...line].length).toBeLessThan(columns);
    expect(line).toContain("50/200");
  });

  test("is drawn over itself, one write per frame, ten frames a second, and always when complete", () => {
    const { terminal, err } = record();
    let now = 0;
    const { report } = createBarProgress(terminal, () => now);
    for (let i = 1; i <= 200; i++) {
      now += 10;
      report(step(i, { loss: i }));
    }
    expect(err.length).toBe(21);
    expect(screen(err)).toHaveLength(1);
    expect(screen(err)[0]).toContain("200/200");
    expect(err.join("")).not.toContain("\n");
  });

  test("lets other lines scroll above it and disappears when closed", () => {
    const { terminal, err } = record();
    const progress = createBarProgress(terminal, () => 0);
    progress.report({ type: "run-start", command: "train", folder: "runs/a" });
    progress.report(step(1));
    progress.report({ type: "note", text: "device cpu", reason: "no GPU found" });
    expect(screen(err).slice(0, 2)).toEqual(["train → runs/a", "device cpu (no GPU found)"]);
    expect(screen(err)[2]).toContain("step   1/200");
    progress.report({ type: "warning", text: "loss is not finite.", hint: "Lower the learning rate." });
    progress.close();
    expect(screen(err).slice(2)).toEqual(["warning: loss is not finite. Lower the learning rate.", ""]);
  });

  test("has colours only where they are wanted", () => {
    const plain = record(80, { NO_COLOR: "1" });
    createBarProgress(plain.terminal, () => 0).report(step(50));
    expect(plain.err.join("")).not.toMatch(/\u001b\[\d+m/);
    const colored = record(80, {});
    createBarProgress(colored.terminal, () => 0).report(step(50));
    expect(colored.err.join("")).toMatch(/\u001b\[36m━/);
  });
});

describe("plain lines", () => {
  test("come at most every five seconds, and for the last step", () => {
    const { terminal, err } = record(80, {}, false);
    let now = 0;
    const { report } = createLineProgress(terminal, () => now);
    for (let i = 1; i <= 200; i++) {
      now += 100;
      report(step(i));
    }
    expect(err.map((line) => line.slice(0, 12))).toEqual([
      "step  50/200",
      "step 100/200",
      "step 150/200",
      "step 200/200",
    ]);
    expect(err.join("")).not.toMatch(/[\r\u001b]/);
  });

  test("tell phases, notes and the end", () => {
    const { terminal, err } = record(80, {}, false);
    const { report } = createLineProgress(terminal, () => 0);
    const events: TaskEvent[] = [
      { type: "phase-progress", phase: "evaluate", done: 40, total: 40, unit: "records", secondsLeft: 0 },
      { type: "phase-end", phase: "evaluate", seconds: 12.4 },
      { type: "run-end", outcome: "finished", seconds: 80, folder: "runs/a" },
    ];
    for (const event of events) report(event);
    expect(err).toEqual([
      "evaluate 40/40  records  0.0 s left\n",
      "evaluate: 12 s\n",
      "finished after 1 min 20 s → runs/a\n",
    ]);
  });
});

test("JSON progress is every event on a line of stdout, numbers that are none as null", () => {
  const { terminal, out, err } = record();
  const { report } = createJsonProgress(terminal);
  report(step(1));
  report(step(2, { loss: Number.NaN }));
  expect(JSON.parse(out[0] as string)).toEqual(step(1));
  expect(JSON.parse(out[1] as string).loss).toBeNull();
  expect(out.every((line) => line.endsWith("}\n"))).toBe(true);
  expect(err).toEqual([]);
});
