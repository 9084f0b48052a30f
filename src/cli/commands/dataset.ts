// `lethe dataset compose`: from facts to forget and facts to keep to sets of questions.

import { join } from "node:path";
import { ConfigError, DataError } from "../../core/errors.ts";
import { describeNames } from "../../core/nearest.ts";
import {
  type AnswerCache,
  compose,
  composeConfig,
  openAnswerCache,
  writeComposition,
} from "../../data/compose/index.ts";
import type { Call, Command } from "../command.ts";
import { readConfigArguments } from "../config-arguments.ts";
import { nextText, renderComposition, type WrittenComposition } from "../dataset-text.ts";

interface DatasetOptions {
  readonly strict?: boolean;
}

export const dataset: Command<DatasetOptions> = {
  examples: [
    "lethe dataset compose examples/dataset/people.yaml",
    "lethe dataset compose examples/dataset/works.yaml --strict output=data/works",
    "lethe dataset compose people.yaml model.url=http://localhost:8000/v1 model.name=my-model",
  ],
  json: "result",
  configure: (parser) => {
    parser
      .argument("<what>", "compose: questions from facts, for unlearning and for keeping")
      .argument("[config]", "subjects with facts to forget, facts to keep and documents (YAML)")
      .argument("[overrides...]", "key.sub=value, laid over the file")
      .option("--strict", "refuse duplicates and leaks between the two sides: print them, write no set, exit with 1");
  },
  run: async (call) => {
    const what = call.positional[0] as string;
    const action = Object.hasOwn(actions, what) ? actions[what] : undefined;
    if (!action) {
      throw new ConfigError(`lethe dataset knows no "${what}"`, { hint: describeNames(what, Object.keys(actions)) });
    }
    await action(call);
  },
};

const actions: Readonly<Record<string, (call: Call<DatasetOptions>) => Promise<void>>> = { compose: composeSets };

async function composeSets({ positional, options, report, signal, result, width }: Call<DatasetOptions>) {
  const config = await readConfigArguments(composeConfig, positional.slice(1));
  const { value } = config;
  const answers = join(value.output, "answers.jsonl");
  using cache: AnswerCache | undefined = value.model ? openAnswerCache(answers) : undefined;
  const composition = await compose(config, { report, signal, ...(cache ? { cache } : {}) });
  const { findings, repeated, unsearched, notes, model } = composition;
  const refused = options.strict === true && findings.length > 0;
  const sets = refused ? [] : await writeComposition(composition, value);
  const file = config.file === undefined ? {} : { file: config.file };
  const written: WrittenComposition = { output: value.output, ...file, sets, ...composition };
  result({ output: value.output, sets, findings, repeated, unsearched, model, notes }, () =>
    [renderComposition(written, width), ...(refused ? [] : [nextText(written)])].join("\n\n"),
  );
  if (!refused) return;
  throw new DataError(
    `${findings.length} duplicates or leaks, listed above, are refused (--strict): no set was written${model ? `; what the model answered is kept in ${answers}` : ""}`,
    {
      hint: "Change the facts or the templates, list a fact that is no leak in checks.ignore, or leave --strict out.",
      place: file,
    },
  );
}
