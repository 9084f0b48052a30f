// What a long task tells whoever watches: one stream of plain events, the same for a terminal, a log, a service and a test.
// Knows nothing of how they are shown.

/** Why a value is what it is travels with it wherever Lethe chose by itself (device, dtype, threads, batch size). */
export type TaskEvent =
  | { readonly type: "run-start"; readonly command: string; readonly folder?: string }
  /** A named part of the run begins, such as "load model", "reference", "train", "evaluate". */
  | { readonly type: "phase-start"; readonly phase: string; readonly total?: number; readonly unit?: string }
  /** Progress of a phase that is not made of training steps: `done` of `total` units. */
  | {
      readonly type: "phase-progress";
      readonly phase: string;
      readonly done: number;
      readonly total: number;
      readonly unit: string;
      readonly secondsLeft?: number;
    }
  | { readonly type: "phase-end"; readonly phase: string; readonly seconds: number }
  | StepEnd
  | {
      readonly type: "epoch-end";
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly loss: number;
    }
  | { readonly type: "checkpoint-write"; readonly step: number; readonly path: string }
  | {
      readonly type: "evaluation-result";
      /** "before", "after", "retrained", or the user's name of the model. */
      readonly column: string;
      readonly set: string;
      readonly metric: string;
      readonly value: number;
      readonly n: number;
      readonly interval: readonly [number, number];
      /** Training step at which the model was evaluated; absent outside training. */
      readonly step?: number;
    }
  /** Something worth a line; `reason` says why, for choices made automatically. */
  | { readonly type: "note"; readonly text: string; readonly reason?: string }
  /** Something the user should look at although the task goes on. */
  | { readonly type: "warning"; readonly text: string; readonly hint?: string }
  | {
      readonly type: "run-end";
      readonly outcome: "finished" | "aborted" | "failed";
      readonly seconds: number;
      readonly folder?: string;
    };

/** One optimiser step is done. */
export interface StepEnd {
  readonly type: "step-end";
  /** 1-based number of the step, of `steps` in all. */
  readonly step: number;
  readonly steps: number;
  /** 0-based. */
  readonly epoch: number;
  /** Mean loss of the step in nats, all terms weighted. */
  readonly loss: number;
  /** Named parts of the loss, unweighted, such as `{ forget, retain }`. */
  readonly terms: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm?: number;
  /** Tokens that went through the model since the run began. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export type TaskEventType = TaskEvent["type"];

/** Receives events in order. Must not throw and must return at once: it is called between steps. */
export type Reporter = (event: TaskEvent) => void;

/** A reporter for tasks nobody watches. */
export const silent: Reporter = () => {};
