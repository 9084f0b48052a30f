// What a program takes and gives, and the check of values against it before anything native sees them.

import { RuntimeFailure, ShapeError } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import type { DType, Shape } from "../tensor/tensor.ts";
import type { Value } from "./backend.ts";
import { describeShape } from "./element-type.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

export type TensorTypes = Readonly<Record<string, TensorType>>;

export interface Signature {
  readonly inputs: TensorTypes;
  readonly outputs: TensorTypes;
}

/** How an error names a program: by its outputs. */
export function describeSignature({ outputs }: Signature): string {
  const names = Object.keys(outputs);
  const shown = names.slice(0, 3).join(", ");
  return `program (${shown}${names.length > 3 ? `, and ${names.length - 3} more` : ""})`;
}

/** One input or output of a program, with what its errors say made beforehand: a run checks hundreds. */
export interface Slot extends TensorType {
  readonly name: string;
  /** As in `input "x" of program (loss)`. */
  readonly role: string;
}

export interface Slots {
  readonly kind: "input" | "output";
  readonly program: string;
  readonly list: readonly Slot[];
  readonly names: ReadonlySet<string>;
}

export function createSlots(kind: "input" | "output", types: TensorTypes, program: string): Slots {
  const list = Object.entries(types).map(([name, { shape, dtype }]) => {
    return { name, shape, dtype, role: `${kind} "${name}" of ${program}` };
  });
  return { kind, program, list, names: new Set(Object.keys(types)) };
}

type Values = Readonly<Record<string, Value>>;

/** What a backend keeps behind a value. Throws RuntimeFailure for one that is disposed or of another backend. */
type CellOf<Cell> = (value: Value, role: string) => Cell;

/**
 * The cells of all inputs, in order. Throws RuntimeFailure for a missing, unknown or disposed one, ShapeError for another
 * shape or dtype.
 */
export function checkInputs<Cell>(slots: Slots, values: Values, cellOf: CellOf<Cell>): Cell[] {
  refuseUnknown(slots, values);
  return slots.list.map((slot) => {
    const value = values[slot.name];
    if (value !== undefined) return checkOne(slot, value, cellOf);
    throw new RuntimeFailure(`${slot.role} is missing`, { hint: `It takes ${[...slots.names].join(", ")}.` });
  });
}

/** The cells of the outputs to write in place, undefined for the others; the same errors as `checkInputs`. */
export function checkOutputs<Cell extends { readonly readOnly: boolean }>(
  slots: Slots,
  values: Values,
  cellOf: CellOf<Cell>,
): Array<Cell | undefined> {
  refuseUnknown(slots, values);
  const seen = new Set<Cell>();
  return slots.list.map((slot) => {
    const value = values[slot.name];
    if (value === undefined) return undefined;
    const cell = checkOne(slot, value, cellOf);
    if (cell.readOnly) throw new RuntimeFailure(`${slot.role} cannot be written into a mapped file`);
    if (seen.has(cell)) throw new RuntimeFailure(`${slot.role} is given a value that another output is given too`);
    seen.add(cell);
    return cell;
  });
}

function refuseUnknown({ kind, program, names }: Slots, values: Values): void {
  for (const name in values) {
    if (names.has(name)) continue;
    throw new RuntimeFailure(`${program} has no ${kind} "${name}"`, { hint: describeNames(name, names) });
  }
}

function checkOne<Cell>({ role, shape, dtype }: Slot, value: Value, cellOf: CellOf<Cell>): Cell {
  const cell = cellOf(value, role);
  if (value.dtype === dtype && sameShape(value.shape, shape)) return cell;
  const [got, expected] = [describeShape(value.shape), describeShape(shape)];
  throw new ShapeError(`${role} is ${dtype} ${expected}, got ${value.dtype} ${got}`);
}

function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
