// One line of text per event, for people. Knows nothing of terminals.

import type { StepEnd, TaskEvent } from "../core/events.ts";
import { formatCount, formatNumber, formatSeconds } from "./format.ts";

/**
 * The line of an event, or undefined where people need none: steps and progress have their own form, and evaluation results come
 * together in a table at the end.
 */
export function eventText(event: TaskEvent): string | undefined {
  switch (event.type) {
    case "run-start":
      return event.folder === undefined ? event.command : `${event.command} → ${event.folder}`;
    case "phase-end":
      return `${event.phase}: ${formatSeconds(event.seconds)}`;
    case "note":
      return event.reason === undefined ? event.text : `${event.text} (${event.reason})`;
    case "warning":
      return event.hint === undefined ? `warning: ${event.text}` : `warning: ${event.text} ${event.hint}`;
    case "run-end":
      if (event.outcome === "failed") return undefined; // the error follows
      return `${event.outcome} after ${formatSeconds(event.seconds)}${event.folder === undefined ? "" : ` → ${event.folder}`}`;
    default:
      return undefined;
  }
}

/** What is moving: a training step or a phase of so many units. */
export interface Advance {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** Facts in falling order of importance. */
  readonly facts: readonly string[];
}

/** How far a moving event is, or undefined for an event that does not move. */
export function advanceOf(event: TaskEvent): Advance | undefined {
  if (event.type === "step-end") {
    return { label: "step", done: event.step, total: event.steps, facts: stepFacts(event) };
  }
  if (event.type !== "phase-progress") return undefined;
  const left = event.secondsLeft === undefined ? [] : [`${formatSeconds(event.secondsLeft)} left`];
  return { label: event.phase, done: event.done, total: event.total, facts: [event.unit, ...left] };
}

function stepFacts({ loss, terms, tokensPerSecond, secondsLeft, learningRate }: StepEnd): string[] {
  const parts = Object.entries(terms);
  return [
    `loss ${formatNumber(loss)}`,
    `${formatCount(tokensPerSecond)} tok/s`,
    `${formatSeconds(secondsLeft)} left`,
    ...(parts.length > 1 ? parts.map(([name, value]) => `${name} ${formatNumber(value)}`) : []),
    `lr ${formatNumber(learningRate)}`,
  ];
}
