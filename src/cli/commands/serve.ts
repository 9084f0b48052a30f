// `lethe serve`: puts models behind OpenAI's HTTP interface until it is told to stop.

import { setFlagsFromString } from "node:v8";
import { InvalidArgumentError } from "commander";
import { pino } from "pino";
import { loadConfig } from "../../core/config.ts";
import { ConfigError } from "../../core/errors.ts";
import {
  createKeyRing,
  createLocalModel,
  createServerApp,
  defaultLimits,
  keysFile,
  listen,
  type ServedModel,
} from "../../serving/index.ts";
import { questionTemplate } from "../../serving/question-template.ts";
import { openSession, type Session } from "../../unlearning/index.ts";
import type { Command } from "../command.ts";
import {
  checkSteering,
  configureSteering,
  openLocalSteered,
  openUpstreamSteered,
  type ServingParts,
  type SteeringOptions,
} from "../steered-models.ts";
import { wholeNumber } from "../whole-number.ts";

interface ServeOptions extends SteeringOptions {
  readonly name?: string;
  readonly adapter: readonly NamedPath[];
  readonly separator?: string;
  readonly host: string;
  readonly port: number;
  readonly keys?: string;
  readonly batch: number;
  readonly context?: number;
  readonly queue: number;
  readonly maxTokens: number;
  readonly maxBodyBytes: number;
  readonly requestSeconds: number;
  readonly drainSeconds: number;
  readonly fullLogprobs?: boolean;
  readonly logPrompts?: boolean;
}

interface NamedPath {
  readonly name: string;
  readonly path: string;
}

const port = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError("0 to 65535 is needed");
  return value;
};

const namedPath = (text: string, before: readonly NamedPath[]): NamedPath[] => {
  const [, name, path] = /^([^=/]+)=(.+)$/.exec(text) ?? [];
  if (!name || !path) throw new InvalidArgumentError("name=folder is needed");
  return [...before, { name, path }];
};

export const serve: Command<ServeOptions> = {
  examples: [
    "lethe serve runs/quickstart/model",
    "lethe serve org/name --name base --adapter forgets=runs/forget/adapter --port 8000 --keys keys.yaml",
    "lethe serve org/name --offset forgets=runs/request-1,runs/request-2",
    "lethe serve served-name --upstream http://localhost:8001/v1 --offset forgets=runs/request-1",
  ],
  json: "result",
  configure: (parser) => {
    configureSteering(parser);
    parser
      .argument("<model>", "model folder or hub id; with --upstream, its name there")
      .option(
        "--name <name>",
        "what clients call it (default: the model as given; with --offset the model itself is served only when named)",
      )
      .option("--adapter <name=folder>", "a further model: this one with a PEFT adapter; repeatable", namedPath, [])
      .option("--separator <text>", "for models without a chat template: a chat is a question, this text, the answer")
      .option("--host <address>", "address to listen on", "127.0.0.1")
      .option("--port <n>", "0: any free one", port, 8000)
      .option("--keys <file>", "YAML of API keys with their models and limits; needed to listen beyond this machine")
      .option("--batch <n>", "answers of one model computed together", wholeNumber, 32)
      .option("--context <n>", "tokens of prompt and answer (default: the model's own limit)", wholeNumber)
      .option("--queue <n>", "answers on their way, running and waiting; more are refused with 429", wholeNumber, 64)
      .option("--max-tokens <n>", "most tokens of one answer", wholeNumber, defaultLimits.maxTokens)
      .option("--max-body-bytes <n>", "most bytes of one request", wholeNumber, defaultLimits.bodyBytes)
      .option("--request-seconds <n>", "most time for one answer", wholeNumber, defaultLimits.requestSeconds)
      .option(
        "--drain-seconds <n>",
        "time that answers under way have to end when the server is stopped",
        wholeNumber,
        30,
      )
      .option("--full-logprobs", "give log-probabilities of the whole vocabulary to those who ask")
      .option("--log-prompts", "write prompts into the log");
  },
  run: async ({ positional, options, report, signal, result }) => {
    const [path] = positional as [string];
    if (options.keys === undefined && !isLoopback(options.host)) {
      throw new ConfigError(`without --keys, everybody who reaches ${options.host} could use the model`, {
        hint: "Give --keys <file>, or listen on 127.0.0.1.",
        place: { key: "--host" },
      });
    }
    const itself = options.offset.length === 0 || options.name !== undefined;
    const wanted = [
      ...(itself ? [{ name: options.name ?? path, adapter: undefined }] : []),
      ...options.adapter.map(asAdapter),
    ];
    if (options.upstream !== undefined && (wanted.length > 0 || options.offset.length === 0)) {
      throw new ConfigError("what is behind an address is served steered, and in no other way", {
        hint: "Give --offset name=<run folder>, and neither --name nor --adapter.",
        place: { key: "--upstream" },
      });
    }
    checkSteering(options);
    const allNames = [...wanted, ...options.offset].map(({ name }) => name);
    refuseTwice(allNames);
    const keysConfig = options.keys === undefined ? undefined : await loadConfig(keysFile, options.keys);
    const keys = keysConfig && createKeyRing(keysConfig, allNames);
    // Left to itself, V8 lets garbage lie until the heap is four times what lives in it, or not, as it finds the machine. This is steady.
    setFlagsFromString("--heap-growing-percent=50");
    const open: Disposable[] = [];
    try {
      const models: ServedModel[] = [];
      for (const { name, adapter } of wanted) {
        const session = await openSession(path, { adapter, device: "cpu", encoding: {}, report, signal });
        open.push(session);
        const model = createLocalModel({ name, ...partsOf(session, options) });
        open.push(model);
        models.push(model);
      }
      const parts = servingParts(options);
      if (options.upstream !== undefined) {
        models.push(...(await openUpstreamSteered(path, options, parts, open, { report, signal })));
      } else if (options.offset.length > 0) {
        const session = await openSession(path, { device: "cpu", encoding: {}, report, signal });
        open.push(session);
        models.push(...(await openLocalSteered(session, path, options, parts, open, { report, signal })));
      }
      const log = pino({ base: null }, pino.destination({ fd: 2, sync: true }));
      const app = createServerApp({
        models,
        log,
        keys,
        logPrompts: options.logPrompts === true,
        limits: {
          rows: options.queue,
          maxTokens: options.maxTokens,
          bodyBytes: options.maxBodyBytes,
          requestSeconds: options.requestSeconds,
          fullLogprobs: options.fullLogprobs === true,
        },
      });
      const server = await listen(app, options);
      const names = models.map(({ name }) => name);
      result({ url: `${server.url}/v1`, models: names }, () => `${server.url}/v1 serves ${names.join(", ")}`);
      await stopped(signal);
      log.info({ seconds: options.drainSeconds }, "closing");
      await server.close(options.drainSeconds);
      log.info("closed");
    } finally {
      for (const owned of open.reverse()) owned[Symbol.dispose]();
    }
  },
};

const asAdapter = ({ name, path }: NamedPath) => ({ name, adapter: path });

const servingParts = ({ separator, batch, context }: ServeOptions): ServingParts => ({
  rows: batch,
  contextLength: context,
  template: (own, tokenizer) => own ?? (separator === undefined ? undefined : questionTemplate(tokenizer, separator)),
});

function partsOf({ model, tokenizer, encoding }: Session, options: ServeOptions) {
  const { template, rows, contextLength } = servingParts(options);
  return { model, tokenizer, chatTemplate: template(encoding.chatTemplate, tokenizer), rows, contextLength };
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new ConfigError(`two models are to be called "${twice}"`, { place: { key: "--adapter" } });
}

const isLoopback = (host: string) => host === "localhost" || host === "::1" || /^127\./.test(host);

const stopped = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
