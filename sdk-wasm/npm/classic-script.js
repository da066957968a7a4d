// The source of `rtbroadcaster.classic.js`, which has everything in one file, for a plain script
// tag.

import { RTBroadcaster as Classic } from "./classic.js";
import { init } from "./index.js";
import wasm from "./rtbroadcaster_sdk_bg.wasm";

globalThis.RTBroadcaster = class RTBroadcaster extends Classic {
  constructor(...args) {
    // `create` and `join` report why it fails.
    init(bytes()).catch(() => {});
    super(...args);
  }
};

let decoded;
const bytes = () => (decoded ??= Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0)));
