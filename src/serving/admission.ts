// How much the server takes on: rows of all requests together. What is over is refused at once rather than kept waiting for ever.

import { RequestProblem } from "./request-problem.ts";

export interface Admission {
  readonly rows: number;
  /** Takes on `count` rows. @throws RequestProblem 429 with a time to wait when there is no room, 503 when the server is closing */
  enter(count: number): { leave(): void };
  /** Takes on nothing any more; resolves when all that was taken on is done. */
  close(): Promise<void>;
  readonly closing: boolean;
}

/** `mostRows` running and waiting together. */
export function createAdmission(mostRows: number): Admission {
  let rows = 0;
  let closing = false;
  let done = () => {};
  const empty = new Promise<void>((resolve) => (done = resolve));
  return {
    get rows() {
      return rows;
    },
    get closing() {
      return closing;
    },
    enter(count) {
      if (closing) {
        throw new RequestProblem(503, "the server is shutting down", { code: "shutting_down", retryAfterSeconds: 5 });
      }
      if (rows + count > mostRows) {
        const message = `the server is busy: ${rows} of ${mostRows} answers are on their way, and ${count} were asked for`;
        throw new RequestProblem(429, message, { code: "server_busy", retryAfterSeconds: 1 });
      }
      rows += count;
      let left = false;
      return {
        leave() {
          if (left) return;
          left = true;
          rows -= count;
          if (closing && rows === 0) done();
        },
      };
    },
    close() {
      closing = true;
      if (rows === 0) done();
      return empty;
    },
  };
}
