// The page's own code: its functions and callbacks, called so that nothing that they throw stops a
// room.

import { call, log, roomError } from "./errors.js";

/** @typedef {(...params: any[]) => unknown} PageFunction */

/**
 * The callbacks that a page may give, by their names.
 *
 * @typedef {Record<string, ((argument: any) => unknown) | null | undefined>} Callbacks
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
      fn(...params);
    } catch (cause) {
      const message = `the function registered under "${key}" threw, see \`cause\``;
      this.report(roomError(["function_failed", message], { key, cause }));
    }
  }

  /**
   * @param {string} name
   * @param {unknown} [argument]
   */
  callBack(name, argument) {
    call(this.callbacks[name], argument);
  }

  /** @param {import("./errors.js").RoomError} error */
  report(error) {
    if (this.callbacks.onerror) return this.callBack("onerror", error);
    log("warn", error);
  }

  /** Forgets all of it, because it may refer to the room. */
  release() {
    this.callbacks = {};
    this.functions.clear();
  }
}
