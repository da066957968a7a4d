// The first message of each connection.

/**
 * What it says: docs/wire.md has the fields. The engine adds how far the page came.
 *
 * @typedef {Record<string, any>} Entry
 */

/**
 * The message, without its last brace and the numbers of the engine.
 *
 * @param {Entry} entry
 * @param {string | null | undefined} token
 */
export function firstMessage(entry, token) {
  // It opens a room (1) or enters one (2).
  const status = { value: entry.uuid ? 2 : 1 };
  return JSON.stringify({ status, ...entry, token: token ?? undefined }).slice(0, -1);
}
