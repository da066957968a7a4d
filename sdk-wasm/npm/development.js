// The main module for development builds, which bundlers choose by the condition `development`.

import { create as createRoom, join as joinRoom } from "./index.js";
import { withWarnings } from "./warnings.js";

export { init } from "./index.js";
export const { create, join } = withWarnings({ create: createRoom, join: joinRoom });
