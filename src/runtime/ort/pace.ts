// Whether a run goes to another thread or stays on this one. Handing over costs more than a short program takes, but a chain of short
// programs that never lets go would starve timers, signals and sockets.

/** Milliseconds: programs that took longer than this go to another thread. */
const short = 1;
/** Milliseconds of short runs in a row after which one is handed over, so that the event loop turns. */
const stretch = 4;

let held = 0;

export interface Pace {
  /** True when the next run may stay on this thread. */
  stays(): boolean;
  /** Reports how long a run took, in milliseconds. */
  took(milliseconds: number, stayed: boolean): void;
}

/** The pace of one program. The first run always goes: it also allocates and, on a GPU, compiles. */
export function createPace(): Pace {
  let last = Number.POSITIVE_INFINITY;
  return {
    stays: () => last < short && held < stretch,
    took(milliseconds, stayed) {
      last = milliseconds;
      held = stayed ? held + milliseconds : 0;
    },
  };
}
