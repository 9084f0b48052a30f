// What a run knows about itself: `manifest.json` in the run folder. Written by the run, read by the report; knows neither how a run works nor how it is shown.
import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in lower-case hexadecimal");

/** Something Lethe decided by itself, and the reason. */
export const automaticChoice = z.object({
  what: z.string().min(1),
  value: z.string(),
  why: z.string().min(1),
});

/** Schema of `manifest.json`. Unknown keys are dropped, so that a newer Lethe's manifest stays readable while `format` is 1. */
export const runManifest = z.object({
  format: z.literal(1),
  /** Version of Lethe. */
  lethe: z.string().min(1),
  /** UTC, ISO 8601, such as 2026-01-31T09:15:00Z. */
  created: z.iso.datetime(),
  /** The command as typed, one element per argument. */
  command: z.array(z.string()).min(1),
  /** Purpose -> seed. */
  seeds: z.record(z.string(), z.int().nonnegative()),
  /** Data file as named in the configuration -> SHA-256 of its bytes. */
  data: z.record(z.string(), sha256),
  /** SHA-256 over all weights; null until they exist. */
  weights: z.object({ before: sha256.nullable(), after: sha256.nullable() }),
  hardware: z.object({
    cpu: z.string(),
    cores: z.int().positive(),
    /** Bytes. */
    memory: z.int().positive(),
    /** Where programs ran, such as "cpu" or "webgpu (SwiftShader)". */
    device: z.string(),
  }),
  versions: z.object({ node: z.string(), onnxruntime: z.string() }),
  choices: z.array(automaticChoice),
  /** False from the start of a run until its last file is in place. */
  finished: z.boolean(),
});

export type AutomaticChoice = Readonly<z.infer<typeof automaticChoice>>;
export type RunManifest = Readonly<z.infer<typeof runManifest>>;
