// Errors and what is told of them.

import { CLOSED } from "./decisions.js";

/**
 * An error that the page is told: index.d.ts has its codes.
 *
 * @typedef {Error & { name: "RoomError", code: string, key?: string }} RoomError
 */

/**
 * @param {readonly [code: string, message: string]} text
 * @param {{ key?: string, cause?: unknown }} [details] `key`: the function key or slot that it is
 * about; `cause`: what was thrown
 * @returns {RoomError}
 */
export function roomError([code, message], details) {
  return Object.assign(new Error(message), { name: /** @type {const} */ ("RoomError"), code, ...details });
}

/**
 * An argument that the page must give in another way.
 *
 * @param {string} message
 * @param {{ key?: string, cause?: unknown }} [details]
 */
export const invalid = (message, details) => roomError(["invalid_argument", message], details);

export const closedError = () => roomError(CLOSED);

/**
 * Calls a callback of the page, if there is one. What it throws goes to the console, and so does
 * the failure of the promise that it returns.
 *
 * @template {unknown[]} A
 * @param {((...args: A) => unknown) | null | undefined} callback
 * @param {A} args
 */
export function call(callback, ...args) {
  // It may return a promise.
  new Promise((resolve) => resolve(callback?.(...args))).catch((failure) => log("error", failure));
}

/**
 * @param {"warn" | "error"} level
 * @param {unknown} value
 */
export function log(level, value) {
  try {
    console[level](value);
  } catch {
    // Pages and test runners replace the console's functions, and some of the replacements throw.
  }
}
