// The one timer of a room.

import { LONGEST_WAIT_MS } from "./decisions.js";

export class Timer {
  #onTimeout;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #handle;

  /** @param {() => void} onTimeout */
  constructor(onTimeout) {
    this.#onTimeout = onTimeout;
  }

  /**
   * Fires at this time of the page's clock, instead of an earlier one that was given.
   *
   * @param {number} at
   */
  arm(at) {
    this.disarm();
    this.#handle = setTimeout(this.#onTimeout, Math.min(at - performance.now(), LONGEST_WAIT_MS));
  }

  disarm() {
    clearTimeout(this.#handle);
  }
}
