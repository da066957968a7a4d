// The message of the server that the engine reads now, and the params that it keeps.

/**
 * A message as the browser's JSON parser returns it: any object, whatever the server sent.
 *
 * @typedef {Record<string, any>} Message
 */

/** @type {Message} */
let current;

/**
 * The messages whose params engines hold, by their numbers.
 *
 * @type {Map<number, Message>}
 */
const kept = new Map();
let lastNumber = 0;

/**
 * Sets the message that the engine reads next.
 *
 * @param {Message} message
 */
export function setMessage(message) {
  current = message;
}

/**
 * A field of the current message.
 *
 * @param {string} path names separated by dots
 */
const valueAt = (path) => path.split(".").reduce((value, name) => value?.[name], current);

/**
 * A field that is a text and not empty.
 *
 * @param {string} path
 * @returns {string | undefined}
 */
export function textOf(path) {
  const value = valueAt(path);
  return (typeof /** @type {unknown} */ (value) === "string" && value) || undefined;
}

/**
 * A field that is a number; 1 for true, 0 for false, NaN for anything else.
 *
 * @param {string} path
 */
export function numberOf(path) {
  const value = /** @type {unknown} */ (valueAt(path));
  return typeof value === "number" || typeof value === "boolean" ? +value : NaN;
}

/** Keeps the params of the current message, and returns their number. */
export function keep() {
  kept.set(++lastNumber, current);
  return lastNumber;
}

/**
 * Drops the params with this number.
 *
 * @param {number} number
 */
export function drop(number) {
  kept.delete(number);
}

/**
 * Returns the message whose params have this number, and drops it.
 *
 * @param {number} number
 */
export function take(number) {
  const message = kept.get(number) ?? {};
  drop(number);
  return message;
}

/**
 * @param {Message} message
 * @returns {unknown[]}
 */
export const paramsOf = ({ funcParams }) => (Array.isArray(funcParams) ? funcParams : []);

/**
 * Returns the object in a line of JSON; undefined if the line is anything else.
 *
 * @param {string} line
 * @returns {Message | undefined}
 */
export function parse(line) {
  try {
    const value = JSON.parse(line);
    if (typeof value === "object" && value) return value;
  } catch {
    // Reported by the caller.
  }
}
