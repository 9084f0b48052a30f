// The model's answers as programs: put together with what stands before and after them, parsed or run.

import type { DataRecord } from "../../data/record.ts";
import { ALLOW_VARIABLE, findPython, mayRunCode, noPython, parsePrograms, runPrograms } from "../code/python.ts";
import type { GeneratedExample } from "../metrics/index.ts";
import { answerCount } from "./generated.ts";
import type { InputSource, SetContext } from "./source.ts";

type Context = Pick<SetContext, "set" | "records" | "options">;

function missing(context: Context): string | undefined {
  if (!context.records.some(programOf)) return "none of its records has tests that make a program of its answer";
  if (answerCount(context) === 0) return "nothing is generated for it: add `generate: true`";
  return findPython() === undefined ? noPython : undefined;
}

export const executed: InputSource<"executed"> = {
  missing: (context) =>
    missing(context) ??
    (mayRunCode()
      ? undefined
      : `it runs programs that the model wrote, and nobody allowed that: add --allow-code-execution or set ${ALLOW_VARIABLE}=1`),
  prepare: ({ records }) => ({
    sequences: new Map(),
    measure: (_seen, { answers, signal }) =>
      forPrograms(records, answers, async (written) => {
        const outcomes = await runPrograms(
          written.map(({ whole }) => whole),
          { signal },
        );
        return outcomes.map((outcome) => ({ passed: outcome === "passed" }));
      }),
  }),
};

export const parsed: InputSource<"parsed"> = {
  missing,
  prepare: ({ records }) => ({
    sequences: new Map(),
    measure: (_seen, { answers, signal }) =>
      forPrograms(records, answers, async (written) => {
        const valid = await parsePrograms(
          written.map(({ own }) => own),
          signal,
        );
        return written.map(({ code }, i) => ({ valid: code.trim() !== "" && (valid[i] as boolean) }));
      }),
  }),
};

interface Written {
  /** What the model wrote. */
  readonly code: string;
  /** With what it completes. */
  readonly own: string;
  /** With its tests. */
  readonly whole: string;
}

/** One result per answer; null where the record has no tests. */
async function forPrograms<Result>(
  records: readonly DataRecord[],
  answers: () => Promise<readonly GeneratedExample[]>,
  look: (written: readonly Written[]) => Promise<readonly Result[]>,
): Promise<(Result | null)[]> {
  const written = (await answers()).map((answer, i): Written | undefined => {
    const program = programOf(records[i] as DataRecord);
    if (!program) return undefined;
    const code = codeIn(answer.continuation ?? answer.generated);
    const own = program.before + code;
    return { code, own, whole: own + program.after };
  });
  const results = await look(written.filter((each) => each !== undefined));
  let next = 0;
  return written.map((each) => (each ? (results[next++] as Result) : null));
}

const programOf = (record: DataRecord) => (record.kind === "question-answer" ? record.program : undefined);

/** Models that chat put a program between fences. */
export const codeIn = (answer: string): string =>
  /```(?:python|py)?[ \t]*\n([\s\S]*?)\n?```/i.exec(answer)?.[1] ?? answer;
