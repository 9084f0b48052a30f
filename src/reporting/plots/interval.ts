// A table row as a picture: the columns' values with their 95 % intervals on one line from 0 to 1 (or 0 to 100).
import type { ComparisonRow } from "../comparison.ts";
import { html, type Markup } from "../markup.ts";
import { boundsOf } from "../metric-style.ts";
import { linearAxis } from "./axis.ts";
import { mark } from "./frame.ts";

/** Undefined for scales without ends. Hidden from screen readers, as the row says the same in figures. */
export function intervalStrip(row: ComparisonRow, columns: readonly string[]): Markup | undefined {
  const bounds = boundsOf(row.style);
  if (!bounds) return undefined;
  const { at } = linearAxis(bounds, [8, 152]);
  const spread = 9;
  const height = 12 + row.cells.length * spread;
  return html`<svg class="strip" viewBox="0 0 160 ${height}" aria-hidden="true">
    <path d="M8 2V${height - 2}M80 2V${height - 2}M152 2V${height - 2}" class="grid"/>
    ${row.cells.map((cell, index) => {
      if (!cell || ![cell.value, ...cell.interval].every(Number.isFinite)) return undefined;
      const column = columns[index] ?? "";
      const y = 10.5 + index * spread;
      return html`<g class="${`end ${column}`}"><path d="M${at(cell.interval[0])} ${y}H${at(cell.interval[1])}" class="reach"/>${mark(column, at(cell.value), y, 3.6)}</g>`;
    })}
  </svg>`;
}
