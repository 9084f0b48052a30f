// The options of `lethe serve` that steer a model, and the models they open. Knows neither routes nor output.

import { InvalidArgumentError, type Command as Parser } from "commander";
import { ConfigError } from "../core/errors.ts";
import type { Reporter } from "../core/events.ts";
import { createDecoder } from "../generation/index.ts";
import { hashWeights } from "../models/weights-hash.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { createLocalModel, createSteeredModel, type ServedModel } from "../serving/index.ts";
import {
  createEnsembleDecoder,
  httpSourceConfig,
  offsetOf,
  openHttpSource,
  openOffset,
  openOffsets,
} from "../steering/index.ts";
import { type ChatTemplate, loadChatTemplate, loadTokenizer, type Tokenizer } from "../text/index.ts";
import type { Session } from "../unlearning/index.ts";
import { wholeNumber } from "./whole-number.ts";

/** A model name, and the run folders whose offsets are added for it. */
export interface NamedOffset {
  readonly name: string;
  readonly runs: readonly string[];
}

export interface SteeringOptions {
  readonly offset: readonly NamedOffset[];
  readonly alpha?: number;
  readonly upstream?: string;
  readonly upstreamDialect?: string;
  readonly upstreamKey?: string;
  readonly upstreamTop?: number;
  readonly upstreamContext?: number;
  readonly upstreamRetries?: number;
  readonly chunk?: number;
}

const namedOffset = (text: string, before: readonly NamedOffset[]): NamedOffset[] => {
  const [, name, runs] = /^([^=/]+)=(.+)$/.exec(text) ?? [];
  if (!name || !runs)
    throw new InvalidArgumentError("name=run folder is needed, or name=run,run for several that are added");
  return [...before, { name, runs: runs.split(",") }];
};

const alphaNumber = (text: string) => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("a number is needed");
  return value;
};

export function configureSteering(parser: Parser): void {
  parser
    .option(
      "--offset <name=run,…>",
      "a further model: this one steered by what runs of scope offset learned; several are added; repeatable",
      namedOffset,
      [],
    )
    .option("--alpha <a>", "strength of every offset (default: each run's own)", alphaNumber)
    .option("--upstream <url>", "the model is not here but behind this address, where it has the name given as <model>")
    .option("--upstream-dialect <name>", "vllm (lethe serve, too), openai or llama.cpp")
    .option("--upstream-key <variable>", "environment variable that holds the upstream's key")
    .option("--upstream-top <n>", "tokens the upstream tells of each place (default: all)", wholeNumber)
    .option("--upstream-context <n>", "tokens the upstream reads, where it does not say", wholeNumber)
    .option("--upstream-retries <n>", "tries after one that failed (default: 4)", wholeNumber)
    .option("--chunk <n>", "tokens asked of the upstream at once (default: 16)", wholeNumber);
}

/**
 * Looks at all that can be seen before a model is opened.
 * @throws ConfigError for an option that would change nothing, ModelError for a folder that holds no offset
 */
export function checkSteering({ offset, alpha, upstream, ...ofUpstream }: SteeringOptions): void {
  const { upstreamDialect, upstreamKey, upstreamTop, upstreamContext, upstreamRetries, chunk } = ofUpstream;
  if (alpha !== undefined && offset.length === 0) {
    throw new ConfigError("--alpha is the strength of an offset, and none is given", {
      hint: "Give --offset name=<run folder>.",
      place: { key: "--alpha" },
    });
  }
  const asked = { upstreamDialect, upstreamKey, upstreamTop, upstreamContext, upstreamRetries, chunk };
  const [stray] = Object.entries(asked).find(([, value]) => value !== undefined) ?? [];
  if (stray !== undefined && upstream === undefined) {
    const key = `--${stray.replace("upstream", "upstream-").toLowerCase()}`;
    throw new ConfigError(`${key} is about a model behind an address, and this one is here`, {
      hint: "Give --upstream <url>, or leave it out.",
      place: { key },
    });
  }
  for (const { runs } of offset) for (const run of runs) openOffset(run);
}

/** What every served model is made with. */
export interface ServingParts {
  readonly rows: number;
  readonly contextLength: number | undefined;
  readonly template: (own: ChatTemplate | undefined, tokenizer: Tokenizer) => ChatTemplate | undefined;
}

/** M is here. What is opened goes to `owned`, to be disposed last first, before the session. */
export async function openLocalSteered(
  session: Session,
  path: string,
  { offset, alpha }: Pick<SteeringOptions, "offset" | "alpha">,
  parts: ServingParts,
  owned: Disposable[],
  { report, signal }: { readonly report: Reporter; readonly signal: AbortSignal },
): Promise<ServedModel[]> {
  const { model, backend, tokenizer, encoding } = session;
  const decoder = createDecoder(model);
  owned.push(decoder);
  const sha256 = await hashWeights(model);
  const served: ServedModel[] = [];
  for (const { name, runs } of offset) {
    const to = { backend, tokenizer, name: path, sha256, alpha, report, signal };
    const { pairs, dispose } = await openOffsets(runs, to);
    owned.push({ [Symbol.dispose]: dispose });
    const one = createLocalModel({
      name,
      model,
      decoder: createEnsembleDecoder(decoder, pairs),
      contextLimits: { model: model.config.maxPositions, offset: offsetOf(pairs).contextLength },
      tokenizer,
      chatTemplate: parts.template(encoding.chatTemplate, tokenizer),
      rows: parts.rows,
      contextLength: parts.contextLength,
    });
    owned.push(one);
    served.push(one);
  }
  return served;
}

/** M is behind an address. Its tokenizer is the pairs' own. @throws ConfigError without an offset */
export async function openUpstreamSteered(
  model: string,
  options: SteeringOptions,
  parts: ServingParts,
  owned: Disposable[],
  { report, signal }: { readonly report: Reporter; readonly signal: AbortSignal },
): Promise<ServedModel[]> {
  const {
    offset,
    alpha,
    upstream,
    upstreamDialect,
    upstreamKey,
    upstreamTop,
    upstreamContext,
    upstreamRetries,
    chunk,
  } = options;
  const [first] = offset;
  if (!first || upstream === undefined) {
    throw new ConfigError("an upstream model without an offset would be served unsteered", {
      hint: "Give --offset name=<run folder>.",
      place: { key: "--upstream" },
    });
  }
  const parsed = httpSourceConfig.safeParse({
    url: upstream,
    model,
    ...(upstreamDialect === undefined ? {} : { dialect: upstreamDialect }),
    ...(upstreamKey === undefined ? {} : { key: upstreamKey }),
    ...(upstreamTop === undefined ? {} : { top: upstreamTop }),
    ...(upstreamRetries === undefined ? {} : { retries: upstreamRetries }),
    ...(upstreamContext === undefined ? {} : { contextLength: upstreamContext }),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = `--upstream${issue?.path[0] === "url" ? "" : `-${String(issue?.path[0])}`}`;
    throw new ConfigError(`${key}: ${issue?.message}`, { place: { key } });
  }
  const folder = openOffset(first.runs[0] as string).tuned;
  const tokenizer = loadTokenizer(folder);
  const backend = await createOrtBackend({ device: "cpu" });
  owned.push(backend);
  const source = await openHttpSource(parsed.data, { tokenizer, signal });
  owned.push(source);
  const served: ServedModel[] = [];
  for (const { name, runs } of offset) {
    const { pairs, dispose } = await openOffsets(runs, { backend, tokenizer, name: model, alpha, report, signal });
    owned.push({ [Symbol.dispose]: dispose });
    const one = createSteeredModel({
      name,
      source,
      offset: offsetOf(pairs),
      tokenizer,
      chatTemplate: parts.template(loadChatTemplate(folder), tokenizer),
      chunk,
      contextLength: parts.contextLength,
    });
    owned.push(one);
    served.push(one);
  }
  return served;
}
