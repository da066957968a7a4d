// The main module for Node.js, Bun and Deno, which package.json's `exports` direct to this file. It
// carries the wasm: bundlers for servers move files, and Node's `fetch` reads none.

import * as embedded from "./embedded.js";
import { withWarnings } from "./warnings.js";

const rooms = () => (isDevelopment() ? withWarnings(embedded) : embedded);

export const init = (source) => embedded.init(isFile(source) ? read(source) : source);
export const create = async (url, options) => withInspection(await rooms().create(url, options));
export const join = async (url, uuid, options) => withInspection(await rooms().join(url, uuid, options));

/** Deno asks its user before it tells what is in the environment. */
const isDevelopment = () => !globalThis.Deno && globalThis.process?.env.NODE_ENV !== "production";

const isFile = (source) => (source instanceof URL || typeof source === "string") && `${source}`.startsWith("file:");
const read = async (source) => (await import("node:fs/promises")).readFile(new URL(source));

/** Has `console.log` show a room's values; it shows only that there are getters otherwise. */
function withInspection(room) {
  const inspect = (depth, options, inspect) => (depth < 0 ? "[Room]" : `Room ${inspect({ ...room }, options)}`);
  return Object.defineProperty(room, Symbol.for("nodejs.util.inspect.custom"), { value: inspect });
}
