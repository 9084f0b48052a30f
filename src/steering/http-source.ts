// A model behind an address as a source of logits. What it answers is checked before it is believed: as many tokens as asked at most, those of the text
// that was sent, probabilities that are some, and always the same model. Knows no offset.

import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { LetheError, RuntimeFailure } from "../core/errors.ts";
import { describeNames } from "../core/nearest.ts";
import type { Tokenizer } from "../text/index.ts";
import { postToService, type ServiceOptions } from "../text/model-service.ts";
import type { HttpCall, Told, ToldPlace } from "./http-dialect.ts";
import { httpDialects } from "./http-dialects.ts";
import type { LogitSource, RowDistribution } from "./logit-source.ts";
import { tokenNames } from "./token-names.ts";

export const httpSourceConfig = z.strictObject({
  /** Address, up to and with the version: http://localhost:8000/v1; of llama.cpp's server without it. */
  url: z.url({ protocol: /^https?$/ }),
  /** As the server calls it. */
  model: z.string().min(1),
  /** How the server is spoken to; "vllm" is Lethe's own server, too. */
  dialect: z.enum(httpDialects.names() as [string, ...string[]]).default("vllm"),
  /** Environment variable that holds the key. */
  key: z.string().min(1).optional(),
  /** How many tokens the server tells of each place: "all" where it allows that, else their tail follows the small model. */
  top: z.union([z.literal("all"), z.int().min(1)]).default("all"),
  /** Tokens of text and answer together, where the server does not say. */
  contextLength: z.int().min(2).optional(),
  /** For each try. */
  timeoutSeconds: z.number().positive().default(60),
  /** Tries after one that failed with no answer, 429 or a server's error. */
  retries: z.int().min(0).default(4),
  /** Whether it is still the same model is looked at again after so long. */
  probeSeconds: z.number().positive().default(60),
});
export type HttpSourceConfig = z.output<typeof httpSourceConfig>;

export interface HttpSourceOptions extends Pick<ServiceOptions, "wait" | "signal"> {
  readonly tokenizer: Tokenizer;
  /** Milliseconds; a test's own does not run. */
  readonly now?: () => number;
}

/** How far a probability may move between two answers of one model: batching and reduced precision move it, another model moves it more. */
const sameWithin = 0.02;
/** By how much probabilities may add up to more than 1, or those of a whole row to less. */
const massWithin = 0.02;

const modelList = z.object({
  data: z.array(z.object({ id: z.string(), max_model_len: z.number().int().optional() })),
});

/**
 * Opens the source: asks whether the model is there and how it answers.
 * @throws RuntimeFailure when it cannot be reached, has no such model, or its answers cannot be used; ConfigError for more tokens than its dialect tells
 */
export async function openHttpSource(
  config: HttpSourceConfig,
  { tokenizer, wait, signal: opening, now = () => performance.now() }: HttpSourceOptions,
): Promise<LogitSource> {
  const { url, model, key, top, timeoutSeconds, retries, probeSeconds } = config;
  const service = { url, model, keyVariable: key };
  const dialect = await httpDialects.get(config.dialect);
  const name = `"${model}" at ${url}`;
  const told = top === "all" ? dialect.mostTokens : Math.min(top, dialect.mostTokens ?? top);
  const shown = told ?? "all";
  const rowKind = shown === "all" ? "full" : "top";
  // What only the model's own padding would be is told by no server in a way that helps.
  const { vocabularySize } = tokenizer;
  const names = tokenNames(tokenizer, name);
  const fail = (problem: string, cause?: unknown) =>
    new RuntimeFailure(`the upstream model ${name} ${problem}`, {
      hint: "Nothing is answered without the offset, so this request fails.",
      ...(cause === undefined ? {} : { cause }),
    });
  let interrupted = false;
  let fingerprint: string | undefined;
  let servedAs: string | undefined;
  let probe: ToldPlace | undefined;
  let probedAt = now();

  const serviceOptions = (signal: AbortSignal | undefined): ServiceOptions => ({
    retries,
    timeoutSeconds,
    signal,
    role: "the upstream model",
    wait: async (milliseconds, aborted) => {
      interrupted = true;
      if (wait) await wait(milliseconds, aborted);
      else await pause(milliseconds, undefined, aborted ? { signal: aborted } : {});
    },
  });

  async function ask({ path, body, sent, read }: HttpCall, signal?: AbortSignal): Promise<Told> {
    const answer = await postToService(service, { path, body, schema: z.unknown() }, serviceOptions(signal)).catch(
      (error: unknown) => {
        interrupted = true;
        throw error;
      },
    );
    let found: Told;
    try {
      found = read(answer);
    } catch (error) {
      if (LetheError.isInstance(error)) throw error;
      throw fail("answered in a form that tells no log-probabilities", error);
    }
    if (found.promptTokens !== undefined && found.promptTokens !== sent) {
      throw fail(`read ${found.promptTokens} tokens where ${sent} were sent`);
    }
    servedAs ??= found.model;
    fingerprint ??= found.fingerprint;
    if (found.model !== servedAs) throw fail(`answers as "${found.model}" now, and was "${servedAs}" before`);
    if (found.fingerprint !== fingerprint) throw fail("is no longer the model it was: its fingerprint has changed");
    return found;
  }

  /** A place as a row. @throws RuntimeFailure for numbers that are no probabilities */
  function rowOf({ chosen, ids, logProbabilities }: ToldPlace): RowDistribution {
    if (!ids.includes(chosen) || chosen >= vocabularySize) {
      throw fail(
        `has token ${chosen} at a place where it tells nothing of it: that is another text than was sent or chosen`,
      );
    }
    const kept = ids.map((id, i) => ({ id, value: logProbabilities[i] as number }));
    let mass = 0;
    for (const { id, value } of kept) {
      if (!Number.isInteger(id) || id < 0) throw fail(`told of a token ${id}`);
      if (Number.isNaN(value) || value > massWithin) throw fail(`gave ${value} as a log-probability`);
      mass += Math.exp(value);
    }
    if (new Set(ids).size !== ids.length || kept.length === 0) throw fail("told of a token twice, or of none");
    if (mass > 1 + massWithin) throw fail(`gave probabilities that add up to ${mass.toFixed(2)}`);
    const known = kept.filter(({ id }) => id < vocabularySize);
    if (rowKind === "full") {
      if (mass < 1 - massWithin) {
        throw fail(
          `was asked for every token and told of ${ids.length}, which hold ${mass.toFixed(2)} of 1. Set top to what it allows`,
        );
      }
      const logits = new Float32Array(vocabularySize).fill(Number.NEGATIVE_INFINITY);
      for (const { id, value } of known) logits[id] = value;
      return { kind: "full", logits };
    }
    known.sort((a, b) => b.value - a.value || a.id - b.id);
    return {
      kind: "top",
      ids: Int32Array.from(known, ({ id }) => id),
      logProbabilities: Float32Array.from(known, ({ value }) => value),
    };
  }

  /** What the model says after a text that never changes. */
  async function takeProbe(signal?: AbortSignal): Promise<ToldPlace> {
    const ids = Int32Array.from({ length: 4 }, (_, i) => (7 + 13 * i) % vocabularySize);
    const call = dialect.chunk({ ids, tokens: 1, temperature: 0, seed: 0 }, shown, vocabularySize, names);
    const { places } = await ask(call, signal);
    const [place] = places;
    if (!place) throw fail("gave no log-probabilities: the server has to be started with them");
    rowOf(place);
    return place;
  }

  /** After a pause or a failure the server may have come back with other weights. */
  async function refuseOtherModel(signal?: AbortSignal): Promise<void> {
    if (!interrupted && now() - probedAt < probeSeconds * 1000) return;
    interrupted = false;
    const again = await takeProbe(signal);
    probedAt = now();
    const before = probe as ToldPlace;
    const moved = Math.max(largestMove(again, before, rowKind), largestMove(before, again, rowKind));
    if (moved > sameWithin) {
      interrupted = true;
      throw fail(
        `is no longer the model it was: a probability of its answer to a fixed text has moved by ${moved.toFixed(2)}`,
      );
    }
  }

  async function askChecked(call: HttpCall, signal?: AbortSignal): Promise<Told> {
    await refuseOtherModel(signal);
    const found = await ask(call, signal);
    // The answer may be the new one's already.
    if (interrupted) await refuseOtherModel(signal);
    return found;
  }

  const listed =
    config.dialect === "llama.cpp"
      ? undefined
      : await postToService(service, { path: "models", schema: modelList }, serviceOptions(opening));
  const entry = listed?.data.find(({ id }) => id === model);
  if (listed && !entry) {
    throw new RuntimeFailure(`${url} serves no model "${model}"`, {
      hint: describeNames(
        model,
        listed.data.map(({ id }) => id),
      ),
    });
  }
  const contextLength = config.contextLength ?? entry?.max_model_len;
  if (contextLength === undefined) {
    throw new RuntimeFailure(`${url} does not say how long a text "${model}" reads`, {
      hint: "Set the source's contextLength.",
    });
  }
  probe = await takeProbe(opening);
  interrupted = false;

  const dispose = () => {};
  return {
    name,
    rowKind,
    vocabularySize,
    contextLength,
    async rows(asked, signal) {
      const rows: RowDistribution[] = [];
      for (const text of asked) {
        const places: ToldPlace[] = [];
        for (const call of dialect.rows(text, shown, vocabularySize, names)) {
          places.push(...(await askChecked(call, signal)).places);
        }
        if (places.length !== text.positions.length) {
          throw fail(`told of ${places.length} places of a text where ${text.positions.length} were asked for`);
        }
        rows.push(...places.map(rowOf));
      }
      return rows;
    },
    async propose({ ids, tokens, temperature, seed, endIds }, signal) {
      const call = dialect.chunk({ ids, tokens, temperature, seed }, shown, vocabularySize, names);
      const { places } = await askChecked(call, signal);
      if (places.length === 0) throw fail("proposed no token, or told nothing of those it proposed");
      if (places.length > tokens) throw fail(`gave ${places.length} tokens where ${tokens} were asked for`);
      const end = places.findIndex(({ chosen }) => endIds.includes(chosen));
      const used = end < 0 ? places : places.slice(0, end + 1);
      const rows = used.map(rowOf);
      if (temperature === 0 && used.some(passesOver)) throw fail("was asked for its likeliest token and chose another");
      return { tokens: Int32Array.from(used, ({ chosen }) => chosen), rows };
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** Where likelier tokens are passed over something shapes the choice, and what the server tells is not what it chooses by. */
function passesOver({ chosen, ids, logProbabilities }: ToldPlace): boolean {
  const likeliest = logProbabilities.reduce((a, b) => Math.max(a, b));
  return Math.exp(likeliest) - Math.exp(logProbabilities[ids.indexOf(chosen)] as number) > sameWithin;
}

/** The largest change of a probability that one of two answers to a text tells. A token that the other leaves out is there no likelier than its least one. */
function largestMove(one: ToldPlace, other: ToldPlace, kind: LogitSource["rowKind"]): number {
  const known = new Map(other.ids.map((id, i) => [id, Math.exp(other.logProbabilities[i] as number)]));
  const untold = kind === "full" ? 0 : Math.min(...known.values());
  return one.ids.reduce((most, id, i) => {
    const probability = Math.exp(one.logProbabilities[i] as number);
    return Math.max(most, Math.abs(probability - (known.get(id) ?? Math.min(probability, untold))));
  }, 0);
}
