// The promises that a page waits for in its room.

import { UNANSWERED } from "./decisions.js";
import { closedError, roomError } from "./errors.js";
import { parts } from "./parts.js";

/**
 * A promise that is pending.
 *
 * @template T
 * @typedef {object} Pending
 * @property {(value: T) => void} resolve
 * @property {(error: Error) => void} reject
 */

/**
 * The promise of an action's answer; the key is its slot or function key.
 *
 * @typedef {Pending<number | undefined> & { key: string }} PendingAnswer
 */

/**
 * The error with the code and message of the engine's step or answer.
 *
 * @param {string} key the function key or slot that it is about; may be empty
 */
export const refusal = (key) => roomError([parts.code, parts.message], key ? { key } : undefined);

export class PendingPromises {
  /**
   * The promises of `broadcast` and `clear`, by their tickets.
   *
   * @type {Map<number, PendingAnswer>}
   */
  #answers = new Map();
  /** @type {Pending<void>[]} The promises of `ready`. */
  #readies = [];
  /** @type {((value?: void) => void)[]} The promises of `close`. */
  #closes = [];

  /**
   * Waits for the answer to the action with this ticket.
   *
   * @param {number} ticket 0 if the engine has refused the action
   * @param {PendingAnswer} pending
   */
  addAnswer(ticket, pending) {
    if (ticket) this.#answers.set(ticket, pending);
    else pending.reject(refusal(pending.key));
  }

  /**
   * The promise of that answer.
   *
   * @param {number} ticket
   * @param {string} key
   * @returns {Promise<number | undefined>}
   */
  answer(ticket, key) {
    return new Promise((resolve, reject) => this.addAnswer(ticket, { resolve, reject, key }));
  }

  /** Returns the promise that the engine's step answers, and forgets it. */
  takeAnswer() {
    const answer = this.#answers.get(parts.number);
    this.#answers.delete(parts.number);
    return answer;
  }

  /** @returns {Promise<void>} */
  ready() {
    return new Promise((resolve, reject) => this.#readies.push({ resolve, reject }));
  }

  /**
   * Resolves the oldest promises of `ready`.
   *
   * @param {number} count
   */
  resolveReadies(count) {
    this.#readies.splice(0, count).forEach(({ resolve }) => resolve());
  }

  /** @returns {Promise<void>} */
  closed() {
    return new Promise((resolve) => this.#closes.push(resolve));
  }

  /** Settles all of them, because the room is over. */
  end() {
    for (const { reject, key } of this.#answers.values()) reject(roomError(UNANSWERED, { key }));
    for (const { reject } of this.#readies) reject(closedError());
    for (const resolve of this.#closes) resolve();
    this.#answers.clear();
    this.#readies = this.#closes = [];
  }
}
