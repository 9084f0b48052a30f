// Learning-rate schedules: a function of the step, 0-based, with linear warm-up.

export type ScheduleName = "constant" | "linear" | "cosine";

export interface ScheduleOptions {
  readonly schedule: ScheduleName;
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Steps of linear rise from 0 (excluded) to the peak. */
  readonly warmupSteps: number;
  /** Steps in all. */
  readonly totalSteps: number;
  /** Learning rate at the end as a share of the peak, for linear and cosine. */
  readonly finalRatio: number;
}

/** Learning rate of step `step` (0-based). During warm-up peak·(step+1)/warmup, then the schedule over the remaining steps. */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { schedule, learningRate, warmupSteps, totalSteps, finalRatio } = options;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const shape: Record<ScheduleName, (x: number) => number> = {
    constant: () => 1,
    linear: (x) => 1 - (1 - finalRatio) * x,
    cosine: (x) => finalRatio + (1 - finalRatio) * 0.5 * (1 + Math.cos(Math.PI * x)),
  };
  return learningRate * shape[schedule](progress);
}
