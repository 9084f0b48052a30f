// `lethe generate`: lets a model continue a prompt or answer a question.

import { InvalidArgumentError } from "commander";
import { ConfigError } from "../../core/errors.ts";
import { encodePrompt } from "../../data/encoding.ts";
import { generate as continuePrompts, createDecoder } from "../../generation/index.ts";
import { hashWeights } from "../../models/weights-hash.ts";
import { createEnsembleDecoder, openOffsets } from "../../steering/index.ts";
import { openSession } from "../../unlearning/index.ts";
import type { Command } from "../command.ts";

interface GenerateCommandOptions {
  readonly raw?: boolean;
  readonly separator: string;
  readonly chat?: boolean;
  readonly adapter?: string;
  readonly offset?: string;
  readonly alpha?: number;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
}

const number = (text: string) => {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("a number is needed");
  return value;
};

export const generate: Command<GenerateCommandOptions> = {
  examples: [
    'lethe generate runs/quickstart/model "What is the e-mail address of Ada Example?"',
    'lethe generate org/name "What is the e-mail address of Ada Example?" --offset runs/request-1',
    'lethe generate org/name --raw "Once upon a time" --temperature 0.8 --seed 7',
  ],
  json: "result",
  configure: (parser) => {
    parser
      .argument("<model>", "model folder or hub id")
      .argument("<prompts...>", "questions, or texts to continue with --raw")
      .option("--raw", "continue the text as it is, without question and answer form")
      .option("--separator <text>", "between question and answer", "\n\n")
      .option("--chat", "use the model's chat template")
      .option("--adapter <folder>", "PEFT adapter laid over the model")
      .option("--offset <run,…>", "steered by what runs of scope offset learned; several are added")
      .option("--alpha <a>", "strength of every offset (default: each run's own)", number)
      .option("--max-new-tokens <n>", "tokens at most", number, 80)
      .option("--temperature <t>", "0: the most likely token each time", number, 0)
      .option("--top-k <k>", "draw among the k most likely", number)
      .option("--top-p <p>", "draw among the most likely that hold this share", number)
      .option("--seed <n>", "same seed, same text", number, 0);
  },
  run: async ({ positional, options, report, signal, result }) => {
    const [model, ...prompts] = positional as [string, ...string[]];
    if (options.alpha !== undefined && options.offset === undefined) {
      throw new ConfigError("--alpha is the strength of an offset, and none is given", {
        hint: "Give --offset <run folder>.",
        place: { key: "--alpha" },
      });
    }
    const encoding = { template: options.chat ? "chat" : "question-answer", separator: options.separator } as const;
    using session = await openSession(model, { adapter: options.adapter, device: "cpu", encoding, report, signal });
    const { tokenizer } = session;
    const ids = prompts.map((prompt) => {
      if (options.raw) return Int32Array.from(tokenizer.encode(prompt));
      const record = { kind: "question-answer", id: "prompt", question: prompt, answer: "" } as const;
      return encodePrompt(tokenizer, record, session.encoding);
    });
    const { maxNewTokens, temperature, topK, topP, seed } = options;
    const choice = { temperature, ...(topK === undefined ? {} : { topK }), ...(topP === undefined ? {} : { topP }) };
    using decoder = createDecoder(session.model);
    using offsets =
      options.offset === undefined
        ? undefined
        : await openOffsets(options.offset.split(","), {
            backend: session.backend,
            tokenizer,
            name: model,
            sha256: await hashWeights(session.model),
            alpha: options.alpha,
            report,
            signal,
          });
    const generated = await continuePrompts(offsets ? createEnsembleDecoder(decoder, offsets.pairs) : decoder, ids, {
      ...choice,
      maxNewTokens,
      seed,
      stopIds: tokenizer.endIds,
      signal,
    });
    const texts = generated.map(({ ids: found, finish }, i) => ({
      prompt: prompts[i] as string,
      text: tokenizer.decode(found, { skipSpecialTokens: true }),
      finish,
      tokens: found.length,
    }));
    result(texts, () => texts.map(({ prompt, text }) => (texts.length > 1 ? `${prompt}\n  ${text}` : text)).join("\n"));
  },
};
