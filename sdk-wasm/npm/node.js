// The main module for Node.js, Bun and Deno, which package.json's `exports` direct to this file. It
// carries the wasm: bundlers for servers move files, and Node's `fetch` reads none.

import { create as createRoom, init as load, join as joinRoom } from "./embedded.js";

export const init = (source) => load(isFile(source) ? read(source) : source);
export const create = async (url, options) => inspectable(await createRoom(url, options));
export const join = async (url, uuid, options) => inspectable(await joinRoom(url, uuid, options));

const isFile = (source) => (source instanceof URL || typeof source === "string") && `${source}`.startsWith("file:");
const read = async (source) => (await import("node:fs/promises")).readFile(new URL(source));

/** Has `console.log` show a room's values; it shows only that there are getters otherwise. */
function inspectable(room) {
  const inspect = (depth, options, inspect) => (depth < 0 ? "[Room]" : `Room ${inspect({ ...room }, options)}`);
  return Object.defineProperty(room, Symbol.for("nodejs.util.inspect.custom"), { value: inspect });
}
