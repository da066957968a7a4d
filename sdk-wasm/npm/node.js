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
  return createRoom(url, options);
}

export async function join(url, uuid, options) {
  await init();
  return joinRoom(url, uuid, options);
}

const isFile = (source) => (source instanceof URL || typeof source === "string") && `${source}`.startsWith("file:");
