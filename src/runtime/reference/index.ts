// The reference backend's public face.

export { createReferenceBackend } from "./backend.ts";
export { evaluate } from "./evaluate.ts";
