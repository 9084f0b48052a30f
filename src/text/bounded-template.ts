// Renders Jinja templates that nobody vouches for: a bound on steps, lists and texts, so that none runs for ever or fills memory.
// Knows nothing of conversations.

import { Environment, Interpreter, Template } from "@huggingface/jinja";

/** Work of one rendering, in parts of the template evaluated: enough for thousands of turns, and over in seconds. */
const mostSteps = 300_000;
/** Items of a list, and of all ranges. */
const mostItems = 100_000;
/** Characters of a text made on the way. */
const longestText = 1 << 24;

/**
 * Compiles a template. The result renders it with the given variables, and Jinja's own names as chat templates use them.
 * @throws Error when `source` is no template; rendering throws one when the template raises it, cannot be evaluated or exceeds a bound.
 */
export function createBoundedTemplate(source: string): (values: Readonly<Record<string, unknown>>) => string {
  const { parsed } = new Template(source);
  return (values) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals(), ...values })) environment.set(name, value);
    const text: unknown = boundedInterpreter(environment).run(parsed).value;
    return String(text);
  };
}

/** A for statement of the library's syntax tree: its iterable, or that of `for … in iterable if …`. */
interface Loop {
  readonly iterable: object & { readonly lhs?: object };
}

/** Every part of a template, at any depth, is evaluated by this one method. */
function boundedInterpreter(environment: Environment): Interpreter {
  const interpreter = new Interpreter(environment);
  const evaluate = interpreter.evaluate.bind(interpreter);
  const walked = new WeakSet<object>();
  let steps = 0;
  interpreter.evaluate = (part: Parameters<typeof evaluate>[0], scope: Environment) => {
    if (steps > mostSteps) throw new Error(`it takes more than ${mostSteps} steps`);
    const loop = part as Partial<Loop> | undefined;
    if (loop?.iterable) walked.add(loop.iterable.lhs ?? loop.iterable);
    const result = evaluate(part, scope);
    const { value } = result;
    steps++;
    // A loop makes a scope for each item before it begins; other readers of a list or text walk it faster.
    if (Array.isArray(value)) steps += part && walked.has(part) ? value.length : value.length >> 8;
    if (typeof value === "string") steps += value.length >> 10;
    if (typeof value === "string" && value.length > longestText) {
      throw new Error(`it makes a text of more than ${longestText} characters`);
    }
    if (Array.isArray(value) && value.length > mostItems) {
      throw new Error(`it makes a list of more than ${mostItems} items`);
    }
    return result;
  };
  return interpreter;
}

/** What the library puts into every template (it exports none of it), with a range that ends. */
function globals(): Readonly<Record<string, unknown>> {
  let items = 0;
  return {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    raise_exception: (message: unknown) => {
      throw new Error(String(message));
    },
    strftime_now: (format: unknown) => new Template("{{ strftime_now(format) }}").render({ format }),
    range: (start: number, stop?: number, step = 1): number[] => {
      const [from, to] = stop === undefined ? [0, start] : [start, stop];
      if (step === 0) throw new Error("range() step must not be zero");
      const count = Math.max(0, Math.ceil((to - from) / step));
      items += count;
      if (!(items <= mostItems)) throw new Error(`its ranges have more than ${mostItems} numbers`);
      return Array.from({ length: count }, (_, i) => from + i * step);
    },
  };
}
