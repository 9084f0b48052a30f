// From ONNX bytes to an ONNX Runtime session with the settings of a backend.

import type { Address } from "../ffi.ts";
import { type Environment, silent } from "./environment.ts";
import type { Device } from "./value.ts";

export interface SessionSettings {
  readonly device: Device;
  /** Threads of a pool of the session's own; undefined: the process's pool. */
  readonly ownThreads: number | undefined;
}

/**
 * Builds the session on another thread; the bytes are not needed afterwards. Throws RuntimeFailure with ONNX Runtime's message.
 * Two WebGPU sessions must not share an options object, so every session gets one.
 */
export async function createSession(
  environment: Environment,
  onnx: Uint8Array,
  settings: SessionSettings,
): Promise<Address> {
  const { api, handle } = environment;
  const options = api.make("createSessionOptions");
  try {
    const set = (key: string, value: string) => api.check("addSessionConfigEntry", options, key, value);
    api.check("setSessionLogSeverity", options, silent);
    // Halves the memory of a training step at equal speed.
    api.check("disableMemPattern", options);
    set("session.use_env_allocators", "1");
    if (settings.ownThreads === undefined) {
      api.check("disablePerSessionThreads", options);
    } else {
      api.check("setIntraOpThreads", options, settings.ownThreads);
      set("session.force_spinning_stop", "1");
    }
    if (settings.device === "webgpu") {
      // The device outlives its last session, or values released later would end the process.
      api.check("appendExecutionProvider", options, "WebGPU", ["preserveDevice"], ["1"], 1);
    }
    // A copy: the bytes of a Buffer may belong to a pool that others write to.
    const bytes = Uint8Array.from(onnx);
    return await api.makeAsync("createSessionFromArray", handle, bytes, bytes.byteLength, options);
  } finally {
    api.call("releaseSessionOptions", options);
  }
}
