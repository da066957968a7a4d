// The package with its wasm in the same file, for places where no script finds a file beside it:
// the sources of node.js and of the scripts for a plain script tag are bundled with it.

import { create as createRoom, init as load, join as joinRoom } from "./index.js";
import wasm from "./rtbroadcaster_sdk_bg.wasm";

export async function init(source) {
  await load(source ?? bytes());
}

export async function create(url, options) {
  await init();
  return createRoom(url, options);
}

export async function join(url, uuid, options) {
  await init();
  return joinRoom(url, uuid, options);
}

let decoded;
const bytes = () => (decoded ??= Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0)));
