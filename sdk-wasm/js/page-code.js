// The page's own code: its functions and callbacks, called so that nothing that fails in them stops
// a room.

import { CLOSED } from "./decisions.js";
import { call, log, roomError } from "./errors.js";

/** @typedef {(...params: any[]) => unknown} PageFunction */

/**
 * The callbacks that a page may give, by their names.
 *
 * @typedef {Record<string, ((...args: any[]) => unknown) | null | undefined>} Callbacks
 */

export class PageCode {
  /** @type {Callbacks} */
  callbacks;
  /**
   * Function key → function.
   *
   * @type {Map<string, PageFunction>}
   */
  functions = new Map();

  /** The page was told that something failed because the room is over. */
  #hasReportedEnd = false;

  /** @param {Callbacks} callbacks */
  constructor(callbacks) {
    this.callbacks = callbacks;
  }

  /**
   * Runs a function.
   *
   * @param {PageFunction} fn
   * @param {string} key
   * @param {unknown[]} params
   */
  run(fn, key, params) {
    try {
      const result = /** @type {any} */ (fn(...params));
      // Frequent calls return nothing, and cost nothing more.
      if (result?.then) Promise.resolve(result).catch((cause) => this.#reportFailed(key, cause));
    } catch (cause) {
      this.#reportFailed(key, cause);
    }
  }

  /**
   * @param {string} name
   * @param {unknown[]} args
   */
  callBack(name, ...args) {
    call(this.callbacks[name], ...args);
  }

  /** @param {import("./errors.js").RoomError} error */
  report(error) {
    if (this.callbacks.onerror) return this.callBack("onerror", error);
    log("warn", error);
  }

  /**
   * Reports the failure of a promise that nobody awaits. Of those that fail because the room is
   * over, it reports the first.
   *
   * @param {import("./errors.js").RoomError} error
   */
  reportDropped(error) {
    if (error.code === CLOSED[0]) {
      if (this.#hasReportedEnd) return;
      this.#hasReportedEnd = true;
    }
    this.report(error);
  }

  /**
   * @param {string} key
   * @param {unknown} cause
   */
  #reportFailed(key, cause) {
    const message = `the function registered under "${key}" failed, see \`cause\``;
    this.report(roomError(["function_failed", message], { key, cause }));
  }

  /** Forgets all of it, because it may refer to the room. `onerror` may still be called. */
  release() {
    this.callbacks = { onerror: this.callbacks.onerror };
    this.functions.clear();
  }
}
