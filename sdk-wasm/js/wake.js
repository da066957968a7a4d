// The events by which a page learns that it has slept, or that the network is gone or back.

import { VISIBILITY_EVENT, WAKING_EVENTS } from "./decisions.js";

/**
 * Begins or ends listening.
 *
 * @param {"addEventListener" | "removeEventListener"} method
 * @param {(event: { type: string }) => unknown} listener
 */
export function listen(method, listener) {
  // What an environment doesn't have is skipped: a worker has no document.
  for (const event of WAKING_EVENTS) globalThis[method]?.(event, listener);
  globalThis.document?.[method](VISIBILITY_EVENT, listener);
}

/**
 * Whether an event says that the page is in use.
 *
 * @param {{ type: string }} event
 */
export const isAwake = ({ type }) => type !== VISIBILITY_EVENT || !document.hidden;
