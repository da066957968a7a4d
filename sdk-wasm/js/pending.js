// The promises that a page waits for in its room.

import { Answer } from "./answer.js";
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
 * The error with the code and message of the engine's step or answer.
 *
 * @param {string} [key] the function key or slot that it is about; may be empty
 */
export const refusal = (key) => roomError([parts.code, parts.message], key ? { key } : undefined);

export class PendingPromises {
  #page;
  /**
   * The promises of `broadcast` and `clear`, by their tickets.
   *
   * @type {Map<number, Answer<number | undefined>>}
   */
  #answers = new Map();
  /** @type {Answer<void>[]} The promises of `ready`. */
  #readies = [];
  /** @type {((value?: void) => void)[]} The promises of `close`. */
  #closes = [];

  /** @param {import("./page-code.js").PageCode} page */
  constructor(page) {
    this.#page = page;
  }

  /**
   * Waits for the answer to the action with this ticket. Returns its promise.
   *
   * @param {number} ticket 0 if the engine has refused the action
   * @param {Answer<number | undefined>} answer
   */
  addAnswer(ticket, answer) {
    if (ticket) this.#answers.set(ticket, answer);
    else answer.fail(refusal(answer.key), this.#page);
    return answer;
  }

  /**
   * A promise that has failed.
   *
   * @param {import("./errors.js").RoomError} error
   * @returns {Answer<any>}
   */
  failed(error) {
    return new Answer().fail(error, this.#page);
  }

  /** Returns the promise that the engine's step answers, and forgets it. */
  takeAnswer() {
    const answer = this.#answers.get(parts.number);
    this.#answers.delete(parts.number);
    return answer;
  }

  ready() {
    const answer = new Answer();
    this.#readies.push(answer);
    return answer;
  }

  /**
   * Resolves the oldest promises of `ready`.
   *
   * @param {number} count
   */
  resolveReadies(count) {
    this.#readies.splice(0, count).forEach((answer) => answer.settle());
  }

  /** @returns {Promise<void>} */
  closed() {
    return new Promise((resolve) => this.#closes.push(resolve));
  }

  /** Settles all of them, because the room is over. */
  end() {
    for (const answer of this.#answers.values()) answer.fail(roomError(UNANSWERED, { key: answer.key }), this.#page);
    for (const answer of this.#readies) answer.fail(closedError(), this.#page);
    for (const resolve of this.#closes) resolve();
    this.#answers.clear();
    this.#readies = this.#closes = [];
  }
}
