// Errors that users read. One base class; subclasses carry structured fields. Knows nothing of the command line or of HTTP.

const marker = Symbol.for("lethe.error");

/** Where a problem sits: a file, optionally with line or key. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly key?: string;
}

export interface LetheErrorOptions {
  /** What to do about it, one sentence. */
  readonly hint?: string;
  readonly place?: Place;
  readonly cause?: unknown;
}

/** Base of every error Lethe raises on purpose. `code` is stable; `message` says what was wrong and what was got. */
export class LetheError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly [marker] = true;

  constructor(code: string, message: string, options: LetheErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.place = options.place;
  }

  /** True for Lethe errors of any copy of this package. */
  static isInstance(value: unknown): value is LetheError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[marker] === true;
  }
}

/** A configuration file, an override or an option is wrong. */
export class ConfigError extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("config", message, options);
  }
}

/** A data file or a record in it is wrong. */
export class DataError extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("data", message, options);
  }
}

/** A model folder, weight file, adapter or tokenizer is wrong. */
export class ModelError extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("model", message, options);
  }
}

/** Shapes or dtypes do not fit; the message names the op, the shapes and the caller's line. */
export class ShapeError extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("shape", message, options);
  }
}

/** The engine underneath (ONNX Runtime, the GPU, memory) failed. */
export class RuntimeFailure extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("runtime", message, options);
  }
}

/** A run folder is in use, damaged, or cannot be resumed. */
export class RunError extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("run", message, options);
  }
}

/** A file or folder cannot be read or written: full disk, missing rights, not there. */
export class FileError extends LetheError {
  constructor(message: string, options?: LetheErrorOptions) {
    super("file", message, options);
  }
}
