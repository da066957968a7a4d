// Checks what a page gives. Each function returns the argument in the form that the room needs, or
// throws an error that says what is wrong.

import { DEFAULT_TIMEOUT_MS, NO_PAGE, NO_URL, NO_UUID, OTHER_SCHEME, WEBSOCKET_SCHEMES } from "./decisions.js";
import { invalid } from "./errors.js";

/**
 * A string that must not be empty.
 *
 * @param {unknown} value
 * @param {string} name
 */
export function nonEmpty(value, name) {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`\`${name}\` must be a string that isn't empty`);
}

/** @type {unknown} The last key or slot that was found right. Most calls repeat it. */
let rightBefore;

/**
 * A function key or slot. It must be valid text: the server could not name it otherwise.
 *
 * @param {unknown} value
 * @param {string} name
 * @returns {string}
 */
export function keyOrSlot(value, name) {
  if (value === rightBefore && value) return /** @type {string} */ (value);
  const text = nonEmpty(value, name);
  // With this flag, only halves of surrogate pairs match.
  if (/\p{Cs}/u.test(text)) throw invalid(`\`${name}\` must be valid text: it holds half of a surrogate pair`);
  rightBefore = text;
  return text;
}

/**
 * Whether an optional object is given.
 *
 * @param {any} value
 * @param {string} name
 */
export function isGiven(value, name) {
  if (value == null) return false;
  if ((typeof value === "object" && !Array.isArray(value)) || typeof value === "function") return true;
  throw invalid(`\`${name}\` must be an object`);
}

/**
 * Reads a field of an object that the page gave.
 *
 * @param {any} object
 * @param {string} name
 */
export function field(object, name) {
  try {
    return object[name];
  } catch (cause) {
    throw invalid(`\`${name}\` cannot be read, see \`cause\``, { cause });
  }
}

/**
 * @param {any} value
 * @param {string} name
 * @returns {((...args: any[]) => unknown) | null | undefined}
 */
export function callback(value, name) {
  if (value == null || typeof value === "function") return value;
  throw invalid(`\`${name}\` must be a function or null`);
}

/**
 * @param {unknown} value
 * @param {string} name
 */
export function flag(value, name) {
  if (value === undefined || typeof value === "boolean") return value;
  throw invalid(`\`${name}\` must be true or false`);
}

/**
 * @param {any} value
 * @param {string} key
 * @returns {import("./page-code.js").PageFunction}
 */
export function functionToRegister(value, key) {
  if (typeof value === "function") return value;
  throw invalid(`what is registered under "${key}" must be a function`, { key });
}

/**
 * The functions of an object, by their keys. One that is undefined counts as absent.
 *
 * @param {any} object
 */
export function functionsOf(object) {
  /** @type {[string, import("./page-code.js").PageFunction][]} */
  const functions = [];
  if (!isGiven(object, "functions")) return functions;
  // The methods of a class are not among the entries, and an owner could call each of them.
  for (let at = Object.getPrototypeOf(object), above; at && (above = Object.getPrototypeOf(at)); at = above) {
    if (Object.getOwnPropertyNames(at).length > 1) {
      throw invalid("`functions` must be a plain object that names each function");
    }
  }
  for (const [key, fn] of Object.entries(object)) {
    if (fn !== undefined) functions.push([keyOrSlot(key, "functionKey"), functionToRegister(fn, key)]);
  }
  return functions;
}

/**
 * @param {any} value
 * @returns {typeof WebSocket | undefined}
 */
export function socketClass(value) {
  if (value === undefined || typeof value === "function") return value;
  throw invalid("`WebSocket` must be a class");
}

/**
 * @param {any} value
 * @returns {import("./connection.js").Token | null | undefined}
 */
export function tokenOrFunction(value) {
  if (value == null || typeof value === "function") return value;
  return nonEmpty(value, "token");
}

/** @param {unknown} value */
export function milliseconds(value) {
  if (value === undefined) return DEFAULT_TIMEOUT_MS;
  // Infinity is allowed: the timeout then never ends.
  if (typeof value === "number" && value > 0) return Math.ceil(value);
  throw invalid("`timeout` must be a number of milliseconds above 0");
}

/**
 * The params of an action as JSON text.
 *
 * @param {unknown} params
 */
export function paramsText(params) {
  if (params === undefined) return "[]";
  if (!Array.isArray(params)) throw invalid("`params` must be an array");
  let text;
  try {
    text = JSON.stringify(params);
  } catch (cause) {
    throw invalid("`params` must be what JSON can carry, see `cause`", { cause });
  }
  // The text need not be an array: a page may have given arrays a `toJSON` of its own.
  if (text?.[0] === "[") return text;
  throw invalid("`params` must be an array, as JSON too");
}

/**
 * The slot that retains an action, by the options of `broadcast`; empty if none does.
 *
 * @param {any} options
 * @param {string} functionKey
 * @returns {string}
 */
export function slotOf(options, functionKey) {
  if (!isGiven(options, "options")) return "";
  const { state, slot } = options;
  if (slot !== undefined) keyOrSlot(slot, "slot");
  return (flag(state, "state") ?? slot !== undefined) ? (slot ?? functionKey) : "";
}

/**
 * The moment of an action, by the options of `broadcast`; 0 if it has none.
 *
 * @param {any} options
 */
export function momentOf(options) {
  const at = options?.at;
  if (at === undefined) return 0;
  if (at > 0 && at < 2 ** 53) return Math.ceil(at);
  throw invalid("`at` must be a number of milliseconds since 1970: `room.time()` and something");
}

/**
 * What addresses are relative to: the document's base, which `<base>` sets and a frame without an
 * address inherits; in a worker its script, also if that was made of a blob. Outside of pages and
 * workers there is none.
 *
 * @returns {string | undefined}
 */
const baseAddress = () => globalThis.document?.baseURI ?? globalThis.location?.href.replace(/^blob:/, "");

/**
 * A room's uuid.
 *
 * @param {unknown} value
 * @param {string} name
 */
export function roomUuid(value, name) {
  const uuid = nonEmpty(value, name);
  if (/[^\w:{}-]/.test(uuid)) throw invalid(`\`${name}\` "${uuid}" ${NO_UUID}`);
  return uuid;
}

/**
 * Returns a `ws:` or `wss:` address, from a string or a `URL`, absolute or relative to the page.
 *
 * @param {any} url
 */
export function websocketAddress(url) {
  const given = typeof url === "object" && url ? url.href : url;
  if (typeof given !== "string" || given === "") {
    throw invalid("`url` must be a string or a URL: the server's websocket address");
  }
  const base = baseAddress();
  let parsed;
  try {
    parsed = new URL(given, base);
  } catch (cause) {
    throw invalid(`\`url\` "${given}" ${base ? NO_URL : NO_PAGE}`, { cause });
  }
  const scheme = WEBSOCKET_SCHEMES[/** @type {keyof typeof WEBSOCKET_SCHEMES} */ (parsed.protocol)];
  if (!scheme) throw invalid(`\`url\` "${given}" ${OTHER_SCHEME}`);
  parsed.protocol = scheme;
  // A websocket's address has no fragment; older browsers refuse one.
  parsed.hash = "";
  return parsed.href;
}
