// `lethe bench steering`: time per token, requests and changed answers of a steered model, over the questions of a data file or, without a run, at random.

import { DataError } from "../core/errors.ts";
import { encodePrompt } from "../data/encoding.ts";
import { parameterCount } from "../models/model.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { createLocalSource, measureRandomSteering, measureSteering, type SteeringMeasures } from "../steering/index.ts";
import type { Call } from "./command.ts";
import { type OffsetBenchOptions, openOffsetBench } from "./offset-bench.ts";
import { formatTable } from "./table.ts";

export interface BenchSteeringOptions extends OffsetBenchOptions {
  readonly steps: number;
}

/** Most tokens of an answer. */
const maxNewTokens = 80;

export async function benchSteering(call: Call<BenchSteeringOptions>): Promise<void> {
  const { options, report, signal, result } = call;
  const rounds = options.steps;
  if (options.offset === undefined && options.data === undefined) {
    using backend = await createOrtBackend({ device: "cpu" });
    const measured = await measureRandomSteering(backend, { rounds, signal });
    const what = "random weights, a pair that changes nothing, one text";
    result({ threads: backend.details.threads, ...measured }, () => written(what, measured));
    return;
  }
  using bench = await openOffsetBench("steering by an offset", call);
  const { session, decoder, pair, records } = bench;
  const { model, tokenizer, encoding, backend } = session;
  const plain = records.find(({ kind }) => kind === "text");
  if (plain) {
    throw new DataError(`record "${plain.id}" is a text without a question, and there is nothing to answer`, {
      hint: "Give a file of questions and answers.",
      place: { key: "--data" },
    });
  }
  const prompts = records.map((record) => encodePrompt(tokenizer, record, encoding));
  using source = createLocalSource(model);
  report({ type: "note", text: `answering ${prompts.length} questions ${rounds + 1} times in three ways` });
  const steered = { model: decoder, source, pairs: [pair] };
  const measured = await measureSteering(steered, prompts, {
    rounds,
    maxNewTokens,
    stopIds: new Set(tokenizer.endIds),
    signal,
  });
  const parameters = { model: parameterCount(model), small: parameterCount(pair.frozen.model) };
  const about = { questions: prompts.length, maxNewTokens, alpha: pair.alpha, threads: backend.details.threads };
  const what = `α ${pair.alpha}, ${prompts.length} questions, greedy answers of up to ${maxNewTokens} tokens`;
  result({ ...about, parameters, ...measured }, () => written(what, { ...measured, parameters }));
}

function written(
  what: string,
  { parameters, ...measured }: SteeringMeasures & { parameters: { model: number; small: number } },
): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const titles = ["ms per token", "of M alone", "tokens per answer", "answers that are M's"];
  return [
    `M ${(parameters.model / 1e6).toFixed(1)} M, Mo ${(parameters.small / 1e6).toFixed(1)} M parameters; ${what}`,
    formatTable(
      [{ title: "" }, ...titles.map((title) => ({ title, align: "right" as const }))],
      measured.cases.map((c) => [
        c.name,
        c.msPerToken.toFixed(2),
        c.ratio.toFixed(2),
        c.tokensPerAnswer.toFixed(1),
        percent(c.sameAsModel),
      ]),
    ),
    `${measured.acceptedPerRequest.toFixed(1)} tokens stood per request of up to ${measured.chunk}; ${measured.requestsPerAnswer.toFixed(1)} requests per answer, ${measured.requestsPerToken.toFixed(3)} per token`,
    `by chunks as token by token: ${percent(measured.sameByChunks)} of the answers`,
  ].join("\n");
}
