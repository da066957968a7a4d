// `room.roster` and `onroster`: who is there. Loaded only if asked for, or with the first lane.

import { roomError } from "./error.js";
import { Lanes } from "./lanes.js";

/** What a room says to its server and hears beside the log: of the roster and of lanes. */
export class Talk {
  #lanes;
  #roster;

  /**
   * @param {object[]} early messages that came before
   * @param {{ socket?: WebSocket, send(text: string): number }} connection
   * @param {(text: string) => Promise<number>} submit queues a text of the owner, and promises its
   * seq
   * @param {(functionKey: string, params: string) => void} share broadcasts a state message
   * @param {(callback: string, argument: unknown) => void} tell calls the page's callback
   */
  constructor(early, connection, submit, share, tell) {
    // Returns whether there was a connection for it.
    const send = (text) => connection.socket?.readyState === 1 && connection.send(text) >= 0;
    this.#lanes = new Lanes({ send, submit, share, tell });
    this.#roster = roster(send, (change) => tell("onroster", change));
    for (const name of ["lane", "openAll", "send", "react", "vote"]) this[name] = this.#lanes[name].bind(this.#lanes);
    for (const message of early) this.hear(message);
  }

  get counts() {
    return this.#lanes.counts;
  }

  roster(options) {
    return this.#roster(undefined, options);
  }

  /** Handles a message of the server. Returns whether it was for this alone. */
  hear(message) {
    return this.#lanes.hear(message) || this.#roster(message);
  }

  /** The room is over. */
  end() {
    this.#lanes.end();
    this.#roster(null);
  }
}

/**
 * What stands between a room and its server's roster. Returns a function that takes
 *
 * - nothing and the options of `room.roster`: it asks, and returns the promise of the answer;
 * - a message of the server: it returns whether the message was for it;
 * - null: the room is over.
 *
 * `send` sends a text, or loses it while there is no connection. `tell` calls `onroster`.
 */
function roster(send, tell) {
  /** Questions without an answer, by their numbers. */
  const asked = new Map();
  let last = 0;
  let hasAsked = false;

  function ask({ after = 0, limit } = {}) {
    for (const [name, value] of Object.entries({ after, limit: limit ?? 0 })) {
      if (!Number.isSafeInteger(value) || value < 0) throw invalid(`\`${name}\` must be a whole number from 0`);
    }
    return new Promise((resolve, reject) => {
      const number = ++last;
      const text = JSON.stringify({ ask: number, roster: { after, limit } });
      asked.set(number, { text, resolve, reject });
      hasAsked = true;
      send(text);
    });
  }

  function hear({ ask: number, roster: people, next, named, came, went, more, error, status, v, owner }) {
    if (came) {
      tell({ came, went, more });
    } else if (people) {
      take(number)?.resolve({ people, next, named });
    } else if (error?.ask !== undefined) {
      refuse(error);
    } else {
      // The reply to a join or claim: what was asked on the connection before is asked again. A
      // server that was restarted shows followers who is there once the owner is back.
      if ((status?.value === 3 && v) || owner === "back") askAgain();
      return false;
    }
    return true;
  }

  function take(number) {
    const question = asked.get(number);
    asked.delete(number);
    return question;
  }

  function refuse({ ask: number, code, message, retryAfterMs }) {
    const question = asked.get(number);
    // Too often, in a second: it is asked again, unless it was answered meanwhile.
    if (retryAfterMs) setTimeout(() => asked.has(number) && send(question.text), retryAfterMs);
    else take(number)?.reject(roomError(code, message));
  }

  function askAgain() {
    for (const { text } of asked.values()) send(text);
    if (!hasAsked || asked.size) return;
    // Nobody has told this page who came and went while it had no connection.
    ask({ limit: 0 }).then(
      ({ named }) => tell({ came: [], went: [], more: named }),
      () => {},
    );
  }

  function end() {
    for (const { reject } of asked.values()) reject(roomError("closed", "the room is closed on this page"));
    asked.clear();
  }

  return (message, options) => (message ? hear(message) : message === null ? end() : ask(options));
}

const invalid = (message) => roomError("invalid_argument", message);
