// What is wrong with a request, and every error as OpenAI's clients expect it. Knows HTTP's numbers; knows no route.

import { LetheError } from "../core/errors.ts";

export interface RequestProblemOptions {
  /** The key of the request that is wrong, such as "messages[0].content". */
  readonly param?: string;
  /** OpenAI's machine-readable name, such as "model_not_found". */
  readonly code?: string;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An answer other than 200. */
export class RequestProblem extends LetheError {
  readonly status: number;
  readonly param: string | null;
  readonly reason: string | null;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, { param, code, retryAfterSeconds, cause }: RequestProblemOptions = {}) {
    super("request", message, cause === undefined ? {} : { cause });
    this.status = status;
    this.param = param ?? null;
    this.reason = code ?? null;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** OpenAI's names of kinds of errors, by status. */
const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
  502: "upstream_error",
  503: "service_unavailable",
  504: "timeout",
};

export interface ErrorAnswer {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: string | null;
    };
  };
}

/**
 * Any error as an answer. A Lethe error's own words are shown; its code "upstream" becomes 502, others 500. What was not raised on purpose is named
 * an internal error and no more: its words are for the log.
 */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof RequestProblem) {
    const { status, message, param, reason, retryAfterSeconds } = error;
    return answer(status, message, param, reason, retryAfterSeconds);
  }
  if (LetheError.isInstance(error)) {
    const text = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
    return answer(error.code === "upstream" ? 502 : 500, text, null, error.code);
  }
  return answer(500, "internal error of the server; its log holds the request's id", null, "internal");
}

function answer(
  status: number,
  message: string,
  param: string | null,
  code: string | null,
  retryAfterSeconds?: number,
): ErrorAnswer {
  const type = types[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  return { status, retryAfterSeconds, body: { error: { message, type, param, code } } };
}
