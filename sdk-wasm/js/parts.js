// The parts of the engine's step, which the engine notes before it names the step.

/** @typedef {import("./rtbroadcaster_sdk_bg.js").Status} Status */

/**
 * What each step has is documented at `StepName` in src/enums.rs.
 *
 * @type {{
 *   text: string, number: number, seq: number,
 *   code: string, message: string,
 *   status: Status,
 *   audience: { connected: number, lagging: number } | undefined,
 * }}
 */
export const parts = {
  text: "",
  number: 0,
  seq: 0,
  code: "",
  message: "",
  status: "connecting",
  audience: undefined,
};

/**
 * @param {string} text
 * @param {number} number
 * @param {number} seq
 */
export const note = (text, number, seq) => void Object.assign(parts, { text, number, seq });

/**
 * @param {string} code
 * @param {string} message
 */
export const noteError = (code, message) => void Object.assign(parts, { code, message });

/** @param {Status} status */
export const noteStatus = (status) => void Object.assign(parts, { status, audience: undefined });

/**
 * @param {number} connected
 * @param {number} lagging
 */
export const noteAudience = (connected, lagging) => void (parts.audience = { connected, lagging });
