// Where to cut a list of numbers so that the largest ones together reach a target: the heart of top-k and top-p.

/**
 * The largest value c such that the elements ≥ c together weigh at least `target`; −Infinity when all of them do not.
 * Expected time is linear in the length (quickselect). `weigh` gives an element's weight ≥ 0 from its value; NaN counts as −Infinity.
 */
export function cutoff(values: Float32Array, target: number, weigh: (value: number) => number): number {
  const work = Float32Array.from(values, (value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value));
  let [low, high] = [0, work.length];
  let missing = target;
  while (low < high) {
    const pivot = median(work[low] as number, work[(low + high) >> 1] as number, work[high - 1] as number);
    // [low, above): larger than the pivot; [above, equal): equal to it; the rest: smaller.
    let [above, equal, end] = [low, low, high];
    let heavy = 0;
    let weightOfEqual = 0;
    while (equal < end) {
      const value = work[equal] as number;
      if (value > pivot) {
        heavy += weigh(value);
        work[equal++] = work[above] as number;
        work[above++] = value;
      } else if (value < pivot) {
        end--;
        work[equal] = work[end] as number;
        work[end] = value;
      } else {
        weightOfEqual += weigh(value);
        equal++;
      }
    }
    if (heavy >= missing && above > low) high = above;
    else if (heavy + weightOfEqual >= missing) return pivot;
    else {
      missing -= heavy + weightOfEqual;
      low = end;
    }
  }
  return Number.NEGATIVE_INFINITY;
}

const median = (a: number, b: number, c: number) => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
