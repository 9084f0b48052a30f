// One at a time: the turn-taking around native calls of one device. Waiting can be aborted; short synchronous work slips in between turns.
// Knows nothing of what is run.

export interface Queue {
  /** True when nobody has the turn. */
  readonly idle: boolean;
  /** Takes the turn; undefined when it was free, else a promise of it. Rejects with the signal's reason when aborted while waiting. */
  enter(signal?: AbortSignal): Promise<void> | undefined;
  leave(): void;
  /** Runs `task` now if nobody has the turn, else as soon as the turn is given back and before anyone who waits. It must not throw. */
  soon(task: () => void): void;
}

export function createQueue(): Queue {
  const waiting: Array<() => void> = [];
  const tasks: Array<() => void> = [];
  let taken = false;

  function leave(): void {
    for (let task = tasks.shift(); task; task = tasks.shift()) task();
    const next = waiting.shift();
    if (next) next();
    else taken = false;
  }

  return {
    get idle() {
      return !taken;
    },
    enter(signal) {
      if (!taken) {
        taken = true;
        return undefined;
      }
      return new Promise((resolve, reject) => {
        const start = () => {
          signal?.removeEventListener("abort", give);
          resolve();
        };
        const give = () => {
          waiting.splice(waiting.indexOf(start), 1);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", give, { once: true });
        waiting.push(start);
      });
    },
    leave,
    soon(task) {
      if (taken) tasks.push(task);
      else task();
    },
  };
}

/** Programs share one thread pool, so the process runs one at a time. */
export const cpuQueue = createQueue();

/** Two WebGPU calls at once end the process, so everything that touches the device takes this turn. */
export const webgpuQueue = createQueue();
