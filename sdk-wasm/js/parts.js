// The parts of the engine's step, which the engine notes before it names the step.

/** @typedef {import("./rtbroadcaster_sdk_bg.js").Status} Status */

/**
 * What each step has is documented at `StepName` in src/enums.rs.
 *
 * @type {{
 *   text: string, number: number, seq: number,
 *   code: string, message: string,
 *   uuid: string, ownerKey: string | undefined, roomCode: string | undefined,
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
  uuid: "",
  ownerKey: undefined,
  roomCode: undefined,
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

/**
 * @param {string} uuid
 * @param {string} [ownerKey]
 * @param {string} [roomCode]
 */
export const noteRoom = (uuid, ownerKey, roomCode) =>
  void Object.assign(parts, { uuid, ownerKey, roomCode, audience: undefined });

/** @param {Status} status */
export const noteStatus = (status) => void (parts.status = status);

/**
 * @param {number} connected
 * @param {number} lagging
 */
export const noteAudience = (connected, lagging) => void (parts.audience = { connected, lagging });
