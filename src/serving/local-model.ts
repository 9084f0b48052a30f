// A model on this machine as the server sees it: many requests are continued as one running batch that rows join and leave.
// Knows neither HTTP nor text.

import { RuntimeFailure } from "../core/errors.ts";
import { createRandom, type Random } from "../core/random.ts";
import {
  bias,
  type Chooser,
  createChooser,
  createDecoder,
  type Decoder,
  type RunningBatch,
} from "../generation/index.ts";
import type { Model } from "../models/index.ts";
import type { ChatTemplate, Tokenizer } from "../text/index.ts";
import { logSoftmax } from "./logprobs.ts";
import type { Finish, ServedModel, TokenEvent, TokenRequest } from "./served-model.ts";

export interface LocalModelOptions {
  readonly name: string;
  readonly model: Model;
  /** What decodes, where it is more than the model: the model and what steers it. Stays the caller's. Default: the model's own. */
  readonly decoder?: Decoder | undefined;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  /** The context of each, where several models are behind it. */
  readonly contextLimits?: Readonly<Record<string, number>>;
  /** Most rows computed together; others wait for one to end. Default 32. */
  readonly rows?: number;
  /** Most tokens of a row, prompt included. Default: the model's positions. */
  readonly contextLength?: number | undefined;
}

/** A request on its way. */
interface Job {
  readonly request: TokenRequest;
  readonly chooser: Chooser;
  readonly random: Random;
  /** Prompt and new tokens; filled up to `length`. */
  readonly tokens: Int32Array;
  length: number;
  /** What its reader has not taken yet. */
  readonly unread: TokenEvent[];
  end: { readonly finish: Finish } | { readonly error: unknown } | undefined;
  /** Tells the reader that there is something new. */
  wake: () => void;
}

/** Prompt tokens that may be read between two steps: what those who wait for their next token wait longer. */
const promptTokensPerStep = 512;

/** A row of log-probabilities is large: a reader so many rows behind loses its row rather than fill the memory. */
const mostUnreadRows = 256;

/** Takes over neither model nor tokenizer: dispose it before the model. */
export function createLocalModel(options: LocalModelOptions): ServedModel {
  const { name, model, tokenizer, chatTemplate, contextLimits = {}, rows = 32 } = options;
  const own = options.decoder ? undefined : createDecoder(model);
  const decoder = options.decoder ?? (own as Decoder);
  const { maxPositions } = decoder.model.config;
  const contextLength = Math.min(options.contextLength ?? maxPositions, maxPositions);
  const waiting: Job[] = [];
  /** By row of the batch. */
  const running: Job[] = [];
  let batch: RunningBatch | undefined;
  let loop: Promise<void> | undefined;
  let disposed = false;
  let steps = 0;

  function settle(job: Job, end: NonNullable<Job["end"]>): void {
    job.end ??= end;
    job.wake();
  }

  /** Gives the job its next token from `logits`, or ends it. */
  function take(job: Job, logits: Float32Array): void {
    const row = job.request.rows ? logSoftmax(logits) : undefined;
    const read = job.tokens.subarray(0, job.length);
    accept(job, job.chooser.choose(read, job.request.prompt.length, logits, job.random), row);
  }

  function accept(job: Job, id: number, row?: Float32Array): void {
    if (job.request.stopIds.has(id)) {
      settle(job, { finish: "stop" });
      return;
    }
    job.tokens[job.length++] = id;
    job.unread.push(row ? { id, row } : { id });
    if (job.length === job.tokens.length) settle(job, { finish: "length" });
    else if (row && job.unread.length > mostUnreadRows) settle(job, { error: slowReader() });
    else job.wake();
  }

  /** One failure of a job is its own; the others go on. */
  function attempt(job: Job, work: () => void): void {
    try {
      work();
    } catch (error) {
      settle(job, { error });
    }
  }

  async function admit(current: RunningBatch): Promise<void> {
    let budget = promptTokensPerStep;
    while (running.length < rows && budget > 0) {
      const job = waiting.shift();
      if (!job) return;
      if (job.end) continue;
      budget -= job.request.prompt.length;
      const logits = await current.join(job.request.prompt).catch((error: unknown) => {
        settle(job, { error });
        throw error;
      });
      running.push(job);
      attempt(job, () => take(job, logits));
    }
  }

  function dropEnded(current: RunningBatch): void {
    for (let row = running.length - 1; row >= 0; row--) {
      if (!running[row]?.end) continue;
      current.leave(row);
      const last = running.pop() as Job;
      if (row < running.length) running[row] = last;
    }
  }

  async function step(current: RunningBatch): Promise<void> {
    const jobs = [...running];
    const last = jobs.map((job) => job.tokens[job.length - 1] as number);
    steps++;
    if (jobs.every((job) => job.chooser.greedy && !job.request.rows)) {
      const ids = await current.stepToLikeliest(last);
      for (const [i, job] of jobs.entries()) if (!job.end) accept(job, ids[i] as number);
      return;
    }
    const logits = await current.step(last);
    for (const [i, job] of jobs.entries()) if (!job.end) attempt(job, () => take(job, logits[i] as Float32Array));
  }

  async function work(): Promise<void> {
    try {
      while (!disposed && (waiting.length > 0 || running.length > 0)) {
        batch ??= decoder.beginRunning({ rows, positions: contextLength });
        await admit(batch);
        dropEnded(batch);
        if (running.length > 0) await step(batch);
        dropEnded(batch);
        // Readers and new requests get their turn even where a step takes no time.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      // What the engine could not compute is lost for all rows of the batch; a new one may do.
      for (const job of running.splice(0)) settle(job, { error });
      batch?.dispose();
      batch = undefined;
    } finally {
      loop = undefined;
      if (!disposed && waiting.length > 0) start();
    }
  }

  const start = () => {
    loop ??= Promise.resolve().then(work);
  };

  async function* generate(request: TokenRequest, signal: AbortSignal): AsyncGenerator<TokenEvent, Finish, void> {
    signal.throwIfAborted();
    if (disposed) throw closed(name);
    const job = createJob(request);
    const abort = () => settle(job, { error: signal.reason });
    signal.addEventListener("abort", abort);
    try {
      waiting.push(job);
      start();
      for (;;) {
        signal.throwIfAborted();
        const event = job.unread.shift();
        if (event) yield event;
        else if (!job.end) await new Promise<void>((resolve) => (job.wake = resolve));
        else if ("error" in job.end) throw job.end.error;
        else return job.end.finish;
      }
    } finally {
      signal.removeEventListener("abort", abort);
      job.end ??= { finish: "stop" };
      // Who leaves before its turn is not kept until there is room for it.
      const place = waiting.indexOf(job);
      if (place >= 0) waiting.splice(place, 1);
    }
  }

  async function* promptRows(ids: Int32Array, signal: AbortSignal): AsyncGenerator<Float32Array, void, void> {
    if (disposed) throw closed(name);
    using reader = decoder.reader(ids.length);
    const n = model.config.vocabularySize;
    for (let start = 0; start < ids.length; start += 64) {
      const piece = ids.subarray(start, start + 64);
      const logits = await reader.read(piece, piece.length, signal);
      for (let i = 0; i < piece.length; i++) yield logSoftmax(logits.subarray(i * n, (i + 1) * n));
    }
  }

  const dispose = () => {
    if (disposed) return;
    disposed = true;
    for (const job of [...waiting.splice(0), ...running]) settle(job, { error: closed(name) });
    const release = () => {
      batch?.dispose();
      own?.dispose();
    };
    // A step under way still reads the memory.
    if (loop) void loop.then(release);
    else release();
  };
  return {
    name,
    contextLength,
    contextLimits,
    vocabularySize: model.config.vocabularySize,
    tokenizer,
    chatTemplate,
    generate,
    promptRows,
    counters: () => ({ steps }),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function createJob(request: TokenRequest): Job {
  const { prompt, choice, seed, stopIds, maxTokens } = request;
  const { temperature, topP, topK } = choice;
  const tokens = new Int32Array(prompt.length + maxTokens);
  tokens.set(prompt);
  const processors = choice.bias && choice.bias.size > 0 ? [bias(choice.bias)] : [];
  return {
    request,
    chooser: createChooser({ temperature, topP, topK, processors }, [...stopIds]),
    random: createRandom(seed),
    tokens,
    length: prompt.length,
    unread: [],
    end: undefined,
    wake: () => {},
  };
}

const slowReader = () =>
  new RuntimeFailure(`the answer's reader is ${mostUnreadRows} tokens behind`, {
    hint: "Read faster, or ask for no log-probabilities.",
  });

const closed = (name: string) => new RuntimeFailure(`the model "${name}" is being closed`);
