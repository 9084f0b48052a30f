// The distribution of the one-sample Kolmogorov statistic D_n = sup |F_n(t) − F(t)|. Knows nothing of samples.

/** Above this size the limit law with a correction replaces the exact recursion. */
const EXACT_UP_TO = 10_000;

/**
 * P(D_n ≥ d) for n ≥ 1 values of a continuous distribution. Relative error below 1e-9 for n ≤ 10,000; above, absolute error below 1e-6.
 */
export function kolmogorovSurvival(n: number, d: number): number {
  if (n * d <= 0.5) return 1;
  if (d >= 1) return 0;
  // Both one-sided deviations at once have probability about 2·exp(−8nd²): negligible here against 2·exp(−2nd²), impossible from 1/2 on.
  if (n * d * d >= 4.6 || d >= 0.5) return Math.min(1, 2 * oneSidedSurvival(n, d));
  if (n <= EXACT_UP_TO) return Math.min(1, Math.max(0, 1 - stayingInBand(n, d)));
  return limitSurvival(n, d);
}

/** P(D_n⁺ ≥ d) by the formula of Birnbaum and Tingey (1951); all terms are positive. */
function oneSidedSurvival(n: number, d: number): number {
  const last = Math.floor(n * (1 - d));
  let sum = 0;
  let logBinomial = 0;
  for (let j = 0; j <= last; j++) {
    const below = 1 - d - j / n;
    // At the last term the base may be 0 with exponent 0 < n − j: it adds nothing.
    if (below > 0) sum += Math.exp(logBinomial + (n - j) * Math.log(below) + (j - 1) * Math.log(d + j / n));
    logBinomial += Math.log((n - j) / (j + 1));
  }
  return d * sum;
}

/**
 * P(D_n < d): a Poisson process N of rate n on [0, 1] with N(1) = n stays within |N(t) − nt| < nd.
 * State i may be entered from t = i/n − d on and must be left by t = i/n + d; between two such moments the process adds a
 * Poisson number of points, so one convolution carries the probabilities of all states over. All terms are positive.
 */
function stayingInBand(n: number, d: number): number {
  const width = n * d;
  const moments: { time: number; state: number; opens: boolean }[] = [];
  for (let state = 0; state <= n; state++) {
    if (state > width) moments.push({ time: (state - width) / n, state, opens: true });
    if (state + width < n) moments.push({ time: (state + width) / n, state, opens: false });
  }
  moments.sort((x, y) => x.time - y.time);

  let lowest = 0; // states lowest..highest are allowed now
  let highest = Math.floor(width);
  let probability = new Float64Array(n + 1);
  let next = new Float64Array(n + 1);
  probability[0] = 1;
  let now = 0;
  const advance = (time: number) => {
    const rate = n * (time - now);
    now = time;
    if (rate <= 0) return;
    const weights = poissonWeights(rate, highest - lowest + 1);
    for (let to = lowest; to <= highest; to++) {
      let sum = 0;
      const first = Math.max(lowest, to - weights.length + 1);
      for (let from = first; from <= to; from++) sum += (probability[from] as number) * (weights[to - from] as number);
      next[to] = sum;
    }
    [probability, next] = [next, probability];
  };
  for (const { time, state, opens } of moments) {
    advance(time);
    if (opens) {
      highest = state;
      probability[state] = 0;
    } else {
      lowest = state + 1;
    }
  }
  advance(1);
  // Condition on N(1) = n.
  return (probability[n] as number) * Math.exp(-logPoissonAtMean(n));
}

/** ln of the Poisson probability of n points at rate n, e⁻ⁿ nⁿ / n!; by Stirling's series where summing n logarithms would lose digits. */
function logPoissonAtMean(n: number): number {
  if (n > 30) return -Math.log(2 * Math.PI * n) / 2 - 1 / (12 * n) + 1 / (360 * n ** 3) - 1 / (1260 * n ** 5);
  let log = -n;
  for (let k = 1; k <= n; k++) log += Math.log(n / k);
  return log;
}

/** Poisson probabilities of 0, 1, 2, … points, cut where they stop to matter or at `most` of them. */
function poissonWeights(rate: number, most: number): number[] {
  let weight = Math.exp(-rate);
  const weights = [weight];
  for (let k = 1; k < most && (k < rate || weight > 1e-30); k++) {
    weight *= rate / k;
    weights.push(weight);
  }
  return weights;
}

/** Kolmogorov's limit 2 Σ (−1)^(k−1) exp(−2k²x²) at x = √n·d, with the correction of Vrbik (2018) that removes the errors of order 1/√n and 1/n. */
function limitSurvival(n: number, d: number): number {
  const plain = Math.sqrt(n) * d;
  const x = plain + 1 / (6 * Math.sqrt(n)) + (plain - 1) / (4 * n);
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 40; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}
