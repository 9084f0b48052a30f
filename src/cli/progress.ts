// Shows the events of a task while it runs: one bar drawn over itself on a terminal, plain lines elsewhere, JSON for programs.
// Knows nothing of the task.

import type { Reporter, TaskEvent } from "../core/events.ts";
import { type Advance, advanceOf, eventText } from "./event-text.ts";
import { formatCount } from "./format.ts";
import { cutToWidth } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";

export interface Progress {
  readonly report: Reporter;
  /** Leaves the terminal clean for what is printed next. */
  close(): void;
}

/** Milliseconds, from any start. */
export type Clock = () => number;

/** Every event as one JSON object on a line of stdout; NaN and infinities become null. */
export function createJsonProgress(terminal: Terminal): Progress {
  return { report: (event) => terminal.print(JSON.stringify(event)), close: () => {} };
}

const LINE_EVERY_MS = 5000;

/** Plain lines on stderr; of what moves, at most one line in five seconds, and the last. */
export function createLineProgress(terminal: Terminal, now: Clock = Date.now): Progress {
  let last = now();
  return {
    report: (event) => {
      const advance = advanceOf(event);
      if (advance) {
        if (advance.done < advance.total && now() - last < LINE_EVERY_MS) return;
        last = now();
        terminal.draw(`${[position(advance), ...advance.facts].join("  ")}\n`);
        return;
      }
      const text = eventText(event);
      if (text !== undefined) terminal.draw(`${text}\n`);
    },
    close: () => {},
  };
}

const FRAME_EVERY_MS = 100;
const ERASE_TO_END = "\u001b[K";

/** One line at the bottom of the terminal, at most ten times a second, each drawn in one write over the last one; other events scroll above it. */
export function createBarProgress(terminal: Terminal, now: Clock = Date.now): Progress {
  let shown = "";
  let drawnAt = Number.NEGATIVE_INFINITY;
  const clear = () => {
    if (shown !== "") terminal.draw(`\r${ERASE_TO_END}`);
    shown = "";
  };
  const advanceTo = (advance: Advance) => {
    const complete = advance.done >= advance.total;
    if (!complete && now() - drawnAt < FRAME_EVERY_MS) return;
    drawnAt = now();
    const line = barLine(advance, terminal);
    if (line === shown) return;
    shown = line;
    terminal.draw(`\r${line}${ERASE_TO_END}`);
  };
  return {
    report: (event) => {
      const advance = advanceOf(event);
      if (advance) {
        advanceTo(advance);
        return;
      }
      const text = eventText(event);
      if (text === undefined) return;
      // Without a newline-terminated bar the scrolled line replaces it; the next step draws the bar again.
      const above = shown === "" ? "" : `\r${ERASE_TO_END}`;
      const below = shown === "" || endsBar(event) ? "" : shown;
      terminal.draw(`${above}${colored(event, text, terminal)}\n${below}`);
      shown = below;
    },
    close: clear,
  };
}

function endsBar(event: TaskEvent): boolean {
  return event.type === "phase-end" || event.type === "run-end";
}

function colored(event: TaskEvent, text: string, terminal: Terminal): string {
  if (event.type === "warning") return paint(terminal, "yellow", text);
  return event.type === "run-start" ? paint(terminal, "bold", text) : text;
}

const WIDEST_BAR = 30;
const NARROWEST_BAR = 8;

/** `step 12/80 ━━━━───── loss 2.314  3,400 tok/s  12 s left`: facts that do not fit are left out, then the bar. */
function barLine(advance: Advance, terminal: Terminal): string {
  const room = terminal.width - 1; // a full last column would wrap on some terminals
  const head = position(advance);
  const facts: string[] = [];
  let used = head.length + 1 + NARROWEST_BAR;
  for (const fact of advance.facts) {
    if (used + 2 + fact.length > room) break;
    facts.push(fact);
    used += 2 + fact.length;
  }
  const barWidth = Math.min(WIDEST_BAR, NARROWEST_BAR + room - used);
  if (barWidth < NARROWEST_BAR) return cutToWidth([head, advance.facts[0] ?? ""].join("  ").trimEnd(), room);
  const share = advance.total > 0 ? Math.min(1, advance.done / advance.total) : 1;
  const full = Math.round(share * barWidth);
  const bar = paint(terminal, "cyan", "━".repeat(full)) + paint(terminal, "dim", "─".repeat(barWidth - full));
  return [`${head} ${bar}`, ...facts].join("  ");
}

function position({ label, done, total }: Advance): string {
  const all = formatCount(total);
  return `${label} ${formatCount(done).padStart(all.length)}/${all}`;
}
