// `npm run soak -- <model> [--offset run] [--minutes 10] [--streams 32]`: a server in a process of its own under many streams at once, for minutes. Prints
// errors, tokens per second, the time between tokens and how the server's memory grew; exit code 1 when something failed or memory grew by more than 5 %.
// Some clients leave in the middle, some ask for log-probabilities, prompts and answers differ in length.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import OpenAI from "openai";

const usage = "npm run soak -- <model folder> [--offset <run folder>] [--minutes 10] [--streams 32] [--tokens 128]";
const asked = askedFor();
const whole = (text) => (/^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN);
const model = asked?.positionals[0];
const offset = asked?.values.offset;
const minutes = Number(asked?.values.minutes);
const streams = whole(asked?.values.streams);
const tokens = whole(asked?.values.tokens);
if (!model || asked.positionals.length > 1 || !(minutes > 0 && Number.isFinite(minutes) && streams && tokens)) {
  console.error(`usage: ${usage}; minutes above 0, the others whole numbers of at least 1`);
  process.exit(2);
}

/** Undefined for an option that there is not. */
function askedFor() {
  const text = (standard) => ({ type: "string", default: standard });
  const options = { minutes: text("10"), streams: text("32"), tokens: text("128"), offset: { type: "string" } };
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch {
    return undefined;
  }
}

const lethe = fileURLToPath(new URL("../bin/lethe.js", import.meta.url));
const line = [
  "serve",
  model,
  ...(offset === undefined ? ["--name", "soak"] : ["--offset", `soak=${offset}`]),
  "--port",
  "0",
  "--json",
  "--batch",
  `${streams}`,
  "--queue",
  `${2 * streams}`,
];
const server = spawn(process.execPath, [lethe, ...line], { stdio: ["ignore", "pipe", "pipe"] });
let said = "";
server.stderr.on("data", (data) => {
  said = `${said}${data}`.slice(-4000);
});
const url = await new Promise((resolve) => {
  server.stdout.once("data", (data) => resolve(JSON.parse(String(data)).url));
  server.once("close", () => resolve(undefined));
});
if (url === undefined) {
  console.error(`the server does not start: ${said.trim()}`);
  process.exit(1);
}
const client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0 });
const context = (await client.models.retrieve("soak")).max_model_len;
/** Words of a prompt and tokens of an answer: together they fit the model, if a word is no more than three tokens. */
const mostWords = Math.max(1, Math.min(24, Math.floor(context / 8)));
const mostTokens = Math.max(1, Math.min(tokens, context - 3 * mostWords));

const end = performance.now() + minutes * 60_000;
const words = "once upon a time there was little girl who had dog and they went to the park".split(" ");
const gaps = [];
const errors = [];
let answers = 0;
let received = 0;
let left = 0;

const started = performance.now();
const minutesGone = () => (performance.now() - started) / 60_000;
/** When the last stream had its first answer. */
let filled = 0;

/**
 * One client after another on one stream; `number` makes them differ. The first of each asks for the longest text of all: keys and values take memory
 * where a row gets longer than any before it, and that is no growth under load either.
 */
async function stream(number) {
  for (let first = true; performance.now() < end; first = false) {
    const draw = (n) => Math.floor(Math.random() * n);
    const length = first ? mostWords : 1 + draw(mostWords);
    const prompt = Array.from({ length }, () => words[draw(words.length)]).join(" ");
    const leaves = !first && draw(10) === 0 ? 1 + draw(mostTokens) : Number.POSITIVE_INFINITY;
    const request = {
      model: "soak",
      prompt,
      max_tokens: first ? mostTokens : 1 + draw(mostTokens),
      ignore_eos: first,
      temperature: number % 2,
      stream: true,
      ...(number % 8 === 0 ? { logprobs: 5 } : {}),
    };
    try {
      let before;
      let count = 0;
      for await (const _ of await client.completions.create(request)) {
        const now = performance.now();
        if (before !== undefined) gaps.push(now - before);
        before = now;
        received++;
        if (++count >= leaves) break;
      }
      if (count >= leaves) left++;
      if (first) filled = minutesGone();
      answers++;
    } catch (error) {
      errors.push(error);
      if (errors.length > 100) return;
    }
  }
}

/** What is held at a moment, in MiB. */
const samples = [];
const sampling = setInterval(
  async () => {
    // When the streams run out, batches of all smaller sizes are compiled: that is no growth under load.
    if (performance.now() >= end) return;
    try {
      const text = await (await fetch(url.replace("/v1", "/metrics"))).text();
      const mib = (name) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1]) / 2 ** 20;
      const ofHeap = (kind) => mib(`lethe_heap_bytes\\{kind="${kind}"\\}`);
      const [resident, heap, arrays] = [mib("lethe_resident_bytes"), ofHeap("heap"), ofHeap("arrays")];
      samples.push({
        minute: minutesGone(),
        resident,
        heap,
        arrays,
        objects: ofHeap("objects"),
        rest: resident - heap - arrays,
      });
    } catch (error) {
      errors.push(error);
    }
  },
  Math.max(250, minutes * 100),
);

await Promise.all(Array.from({ length: streams }, (_, number) => stream(number)));
clearInterval(sampling);
server.kill("SIGTERM");
await Promise.race([once(server, "exit"), new Promise((resolve) => setTimeout(resolve, 40_000).unref())]);

gaps.sort((a, b) => a - b);
const quantile = (share) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))] ?? Number.NaN;
// The beginning is warming up: programs are compiled, rows filled, and JavaScript lets garbage lie until its heap has the size that the load asks for.
const warm = Math.max(minutes / 5, Math.min(1, minutes / 2), filled);
const steady = samples.filter(({ minute }) => minute > warm);
const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
const part = Math.floor(steady.length / 5);
const fifths = [steady.slice(0, part), steady.slice(-part)];
const [middleTime, middleSize] = [mean(steady.map((s) => s.minute)), mean(steady.map((s) => s.resident))];
const slope =
  steady.reduce((sum, { minute, resident }) => sum + (minute - middleTime) * (resident - middleSize), 0) /
  steady.reduce((sum, { minute }) => sum + (minute - middleTime) ** 2, 0);
const means = (name) => fifths.map((list) => mean(list.map((s) => s[name])));
const [first, last] = means("resident");
const growth = (100 * (last - first)) / first;
console.log(
  `${streams} streams for ${minutes} minutes: ${answers} answers, ${left} left by their client, ${errors.length} errors`,
);
console.log(`chunks per second ${(received / (minutes * 60)).toFixed(0)}`);
console.log(
  `between chunks: median ${quantile(0.5).toFixed(1)} ms, p99 ${quantile(0.99).toFixed(1)} ms, largest ${quantile(1).toFixed(1)} ms`,
);
if (part === 0) {
  console.log(`memory is not compared: it stays only from minute ${warm.toFixed(1)} on; let it run for longer`);
} else {
  console.log(
    `resident memory, from minute ${warm.toFixed(1)} on: ${first.toFixed(0)} → ${last.toFixed(0)} MiB (${growth.toFixed(1)} %), slope ${slope.toFixed(2)} MiB per minute`,
  );
  const shown = (pair) => pair.map((size) => size.toFixed(0)).join(" → ");
  console.log(
    `of it JavaScript's heap ${shown(means("heap"))} MiB, arrays ${shown(means("arrays"))}, the rest ${shown(means("rest"))}`,
  );
  /** When garbage had just been collected. */
  const living = fifths.map((list) => Math.min(...list.map((s) => s.objects)));
  console.log(`JavaScript's objects, garbage included, at least ${shown(living)} MiB`);
}
for (const error of errors.slice(0, 5)) console.log(`error: ${error}`);
process.exitCode = errors.length > 0 || !(growth <= 5) ? 1 : 0;
