// The events by which a page learns that it goes to sleep or has slept, or that the network is gone
// or back.

import { ASLEEP, HIDE_EVENT, LIFECYCLE, VISIBILITY_EVENT } from "./decisions.js";

/**
 * Tells a driver's engine of these events, until the function is called that this returns.
 *
 * @param {import("./driver.js").Driver} driver
 */
export function watchLifecycle(driver) {
  const tell = (/** @type {number} */ told) => driver.handle((engine, now) => engine.lifecycle(now, told));
  const onEvent = (/** @type {{ type: string }} */ { type }) => {
    if (type === HIDE_EVENT) {
      // Called after the page's own listeners, in which it may still broadcast or close.
      addEventListener(type, () => tell(ASLEEP), { once: true });
    } else if (type !== VISIBILITY_EVENT || !document.hidden) {
      tell(LIFECYCLE[/** @type {keyof typeof LIFECYCLE} */ (type)]);
    }
  };
  const listen = (/** @type {"addEventListener" | "removeEventListener"} */ method) => {
    // The window captures the events of its document too. Cloudflare's workers, which have none,
    // refuse listeners that capture. An environment may have no events.
    for (const type in LIFECYCLE) globalThis[method]?.(type, onEvent, !!globalThis.document);
  };
  listen("addEventListener");
  return () => listen("removeEventListener");
}
