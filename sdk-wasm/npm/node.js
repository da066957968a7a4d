// The main module for Node.js, Bun and Deno, which package.json's `exports` direct to this file. It
// reads the wasm from the installed package, because Node's `fetch` reads no files.

import { readFile } from "node:fs/promises";

import { create as createRoom, init as load, join as joinRoom } from "./index.js";

let loading;

export function init(source = new URL("./rtbroadcaster_sdk_bg.wasm", import.meta.url)) {
  loading ??= load(isFile(source) ? readFile(new URL(source)) : source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

export async function create(url, options) {
  await init();
  return inspectable(await createRoom(url, options));
}

export async function join(url, uuid, options) {
  await init();
  return inspectable(await joinRoom(url, uuid, options));
}

const isFile = (source) => (source instanceof URL || typeof source === "string") && `${source}`.startsWith("file:");

/** Has `console.log` show a room's values; it shows only that there are getters otherwise. */
function inspectable(room) {
  const inspect = (depth, options, inspect) => (depth < 0 ? "[Room]" : `Room ${inspect({ ...room }, options)}`);
  return Object.defineProperty(room, Symbol.for("nodejs.util.inspect.custom"), { value: inspect });
}
