// How much two sets of directions have in common: the cosines of the principal angles between the spaces that they span (Björck & Golub 1973). Knows
// nothing of what the directions are.

/** Rows that span a space, [count, width] row-major. */
export interface Rows {
  readonly values: ArrayLike<number>;
  readonly width: number;
}

/**
 * Cosines of the principal angles, largest first, one for each dimension of the smaller space: 1 where they share a direction, 0 where one is
 * orthogonal to the other. They are the singular values of QₐᵀQ_b for orthonormal bases.
 */
export function principalCosines(a: Rows, b: Rows): number[] {
  const [p, q] = [orthonormal(a), orthonormal(b)];
  const [few, many] = p.length <= q.length ? [p, q] : [q, p];
  return singularValues(few.map((row) => Float64Array.from(many, (other) => dot(row, other))));
}

/** An orthonormal basis of the space that the rows span; rows that add nothing to it are left out. */
function orthonormal({ values, width }: Rows): Float64Array[] {
  const basis: Float64Array[] = [];
  for (let start = 0; start < values.length; start += width) {
    const row = Float64Array.from({ length: width }, (_, k) => values[start + k] as number);
    const length = Math.sqrt(dot(row, row));
    // Twice is enough: what one pass leaves by rounding the second takes away.
    for (let pass = 0; pass < 2; pass++) for (const each of basis) addTimes(row, each, -dot(row, each));
    const rest = Math.sqrt(dot(row, row));
    if (rest > 1e-6 * length) basis.push(row.map((x) => x / rest));
  }
  return basis;
}

/** Of a matrix with few rows, by one-sided Jacobi rotations: rows are turned until they are orthogonal; their lengths are the values. */
function singularValues(rows: Float64Array[]): number[] {
  for (let sweep = 0; sweep < 60; sweep++) {
    let turned = false;
    for (let i = 0; i < rows.length; i++) {
      for (let j = i + 1; j < rows.length; j++) {
        const [x, y] = [rows[i] as Float64Array, rows[j] as Float64Array];
        const [xx, yy, xy] = [dot(x, x), dot(y, y), dot(x, y)];
        if (Math.abs(xy) <= 1e-14 * Math.sqrt(xx * yy) || Math.abs(xy) < 1e-300) continue;
        turned = true;
        const ratio = (yy - xx) / (2 * xy);
        const t = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
        const c = 1 / Math.hypot(1, t);
        rows[i] = x.map((value, k) => c * (value - t * (y[k] as number)));
        rows[j] = x.map((value, k) => c * (t * value + (y[k] as number)));
      }
    }
    if (!turned) break;
  }
  return rows.map((row) => Math.sqrt(dot(row, row))).sort((a, b) => b - a);
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, k) => sum + x * (b[k] as number), 0);

function addTimes(target: Float64Array, other: Float64Array, factor: number): void {
  for (let k = 0; k < target.length; k++) target[k] = (target[k] as number) + factor * (other[k] as number);
}
