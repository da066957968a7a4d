// `rtbroadcaster.classic.js` is made of this: all in one file, which a page loads with a plain script tag.

import { RTBroadcaster as Classic } from "./classic.js";
import { init } from "./index.js";
import wasm from "./rtbroadcaster_sdk_bg.wasm";

globalThis.RTBroadcaster = class RTBroadcaster extends Classic {
  constructor(...args) {
    // Why it fails, `create` and `join` say.
    init(bytes()).catch(() => {});
    super(...args);
  }
};

let decoded;
const bytes = () => (decoded ??= Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0)));
