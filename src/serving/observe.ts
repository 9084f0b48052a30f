// What is watched of every request: a line in the log and numbers for /metrics. Prompts and answers are in neither, unless the log was asked to hold them.

import type { Logger } from "pino";
import type { Admission } from "./admission.ts";
import type { ServedModel } from "./served-model.ts";
import { createMetricsRegistry } from "./server-metrics.ts";

/** What is known of a request when it ends. */
export interface RequestRecord {
  readonly id: string;
  readonly route: string;
  readonly started: number;
  key?: string;
  model?: string;
  stream?: boolean;
  promptTokens?: number;
  completionTokens: number;
  firstTokenMs?: number;
  /** Only where the log was asked for them. */
  prompts?: readonly string[];
}

export interface Observer {
  /** Called for each token; `row` as in the exchange. */
  token(record: RequestRecord, row: number): void;
  /** `error` is what ended it, when it did not end well. */
  end(record: RequestRecord, status: number, error?: unknown): void;
  metricsText(): string;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createObserver(models: readonly ServedModel[], admission: Admission, log: Logger): Observer {
  const registry = createMetricsRegistry();
  const requests = registry.counter("lethe_requests_total", "Requests by route, model and status.");
  const tokens = registry.counter("lethe_tokens_total", "Tokens of prompts and answers.");
  const duration = registry.histogram("lethe_request_seconds", "From a request to the end of its answer.", seconds);
  const first = registry.histogram("lethe_first_token_seconds", "From a request to its first token.", seconds);
  const between = registry.histogram("lethe_between_tokens_seconds", "From a row's token to its next.", seconds);
  registry.gauge("lethe_rows", "Answers on their way.", () => [[{}, admission.rows]]);
  registry.gauge("lethe_resident_bytes", "Resident memory of the process.", () => [[{}, process.memoryUsage.rss()]]);
  const heapHelp = "JavaScript's objects, garbage included; what its heap takes of memory; the arrays outside of it.";
  registry.gauge("lethe_heap_bytes", heapHelp, () => {
    const { heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
    return [
      [{ kind: "objects" }, heapUsed],
      [{ kind: "heap" }, heapTotal],
      [{ kind: "arrays" }, arrayBuffers],
    ];
  });
  registry.counterOf("lethe_model_total", "What a model counts itself, such as steps.", () =>
    models.flatMap(({ name, counters }) =>
      Object.entries(counters?.() ?? {}).map(([what, count]) => [{ model: name, what }, count] as const),
    ),
  );
  const lastTokens = new WeakMap<RequestRecord, Map<number, number>>();
  return {
    token(record, row) {
      const now = performance.now();
      const model = record.model ?? "";
      record.completionTokens++;
      if (record.firstTokenMs === undefined) {
        record.firstTokenMs = now - record.started;
        first.observe({ model }, record.firstTokenMs / 1000);
      }
      const rows = lastTokens.get(record) ?? new Map<number, number>();
      lastTokens.set(record, rows);
      const before = rows.get(row);
      if (before !== undefined) between.observe({ model }, (now - before) / 1000);
      rows.set(row, now);
    },
    end(record, status, error) {
      const { id, route, started, key, model = "", stream, promptTokens = 0, completionTokens, prompts } = record;
      const ms = performance.now() - started;
      requests.add({ route, model, status });
      tokens.add({ model, kind: "prompt" }, promptTokens);
      tokens.add({ model, kind: "completion" }, completionTokens);
      duration.observe({ route, model }, ms / 1000);
      const line = {
        request: id,
        route,
        status,
        ...(key === undefined ? {} : { key }),
        ...(model === "" ? {} : { model }),
        ...(stream === undefined ? {} : { stream }),
        promptTokens,
        completionTokens,
        ms: Math.round(ms),
        ...(record.firstTokenMs === undefined ? {} : { firstTokenMs: Math.round(record.firstTokenMs) }),
        ...(prompts === undefined ? {} : { prompts }),
      };
      // A client's mistake may repeat what it sent; only the server's own failures are told in words.
      if (status >= 500) log.error({ ...line, err: error }, "request failed");
      else log.info(line, "request");
    },
    metricsText: () => registry.text(),
  };
}
