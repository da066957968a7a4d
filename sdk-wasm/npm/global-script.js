// The source of `rtbroadcaster.global.js`, which has everything in one file, for a plain script
// tag: `rtbroadcaster.create` and so on.

import { create, init, join } from "./embedded.js";

globalThis.rtbroadcaster = { create, init, join };
