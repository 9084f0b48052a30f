// The error function in float64.

/** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, a series of positive terms (Abramowitz & Stegun 7.1.6). */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t > 6) return Math.sign(x);
  let term = t;
  let total = t;
  for (let n = 1; term > total * 1e-17; n++) {
    term *= (2 * t * t) / (2 * n + 1);
    total += term;
  }
  return (Math.sign(x) * 2 * Math.exp(-t * t) * total) / Math.sqrt(Math.PI);
}
