// A few sequence lengths that waste little padding: a program is compiled per shape, so shapes must be few, and padding is work for
// nothing, so they must fit the data. Knows only lengths.

/** More candidates than this are thinned out; the loss is at most longest / 256 tokens per sequence. */
const MAX_CANDIDATES = 256;

/**
 * At most `count` sequence lengths, ascending, the last the longest of `lengths`, such that padding every length up to the next of them
 * costs the fewest tokens in all. Exact (dynamic programming over the histogram) for lengths up to 256, nearly so beyond.
 */
export function chooseBuckets(lengths: readonly number[], count = 8): number[] {
  if (lengths.length === 0) return [];
  const longest = Math.max(
    1,
    lengths.reduce((a, b) => Math.max(a, b), 0),
  );
  const step = Math.ceil(longest / MAX_CANDIDATES);
  // Candidate c stands for length top(c); the last one is the longest itself.
  const candidates = Math.ceil(longest / step);
  const top = (candidate: number) => Math.min(longest, candidate * step);
  const upTo = new Float64Array(candidates + 1);
  for (const length of lengths) upTo[Math.max(1, Math.ceil(length / step))]! += 1;
  for (let c = 1; c <= candidates; c++) upTo[c]! += upTo[c - 1]!;

  // cost[c]: padded tokens when lengths up to top(c) use the buckets chosen so far, the last of them top(c).
  let cost = Float64Array.from(upTo, (sequences, c) => sequences * top(c));
  const choices: Int32Array[] = [];
  for (let bucket = 2; bucket <= Math.min(count, candidates); bucket++) {
    const better = Float64Array.from(cost);
    const previous = new Int32Array(candidates + 1);
    for (let c = 1; c <= candidates; c++) {
      for (let p = 1; p < c; p++) {
        const padded = cost[p]! + (upTo[c]! - upTo[p]!) * top(c);
        if (padded < better[c]!) {
          better[c] = padded;
          previous[c] = p;
        }
      }
    }
    choices.push(previous);
    cost = better;
  }
  const buckets = [longest];
  let at = candidates;
  for (const previous of choices.reverse()) {
    if (previous[at] === 0) continue;
    at = previous[at]!;
    buckets.unshift(top(at));
  }
  return buckets;
}

/** The smallest bucket that holds `length`. @throws RangeError when none does. */
export function bucketOf(buckets: readonly number[], length: number): number {
  const bucket = buckets.find((size) => size >= length);
  if (bucket === undefined)
    throw new RangeError(`a sequence of ${length} tokens exceeds the longest bucket, ${buckets.at(-1)}`);
  return bucket;
}
