// The source of `rtbroadcaster.classic.js`, which has everything in one file, for a plain script
// tag.

import { RTBroadcaster as Classic } from "./classic.js";
import { init } from "./embedded.js";

globalThis.RTBroadcaster = class RTBroadcaster extends Classic {
  constructor(...args) {
    // `create` and `join` report why it fails.
    init().catch(() => {});
    super(...args);
  }
};
