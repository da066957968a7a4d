// What a room says to its server and hears beside the log: of the roster (`room.roster`,
// `onroster`), of lanes and of the pen. Loaded when one of them is first needed.

import { roomError } from "./error.js";
import { Lanes } from "./lanes.js";
import { Presenting } from "./presenting.js";

/** The methods of a room that are here, by what has them. */
const METHODS = {
  lanes: ["lane", "openAll", "send", "react", "vote"],
  presenting: ["invite", "requestControl", "handOver", "takeBack", "revoke"],
};

export class Talk {
  #lanes;
  #presenting;
  #roster;
  #asks;

  /**
   * @param {object} room what the page has
   * @param {object[]} early messages that came before
   * @param {{ socket?: WebSocket, send(text: string): number }} connection
   * @param {(text: string) => Promise<number>} submit queues a text of the owner, and promises its
   * seq
   * @param {{ invite?: string }} entry what the first message of each connection says
   * @param {() => void} enterAnew opens a new connection
   * @param {() => void} tellOwner calls `onowner`
   */
  constructor(room, early, connection, submit, entry, enterAnew, tellOwner) {
    // Returns whether there was a connection for it.
    const send = (text) => connection.socket?.readyState === 1 && connection.send(text) >= 0;
    // Calls the page's callback, which may return a promise.
    const tell = (callback, argument) =>
      void new Promise((resolve) => resolve(room[callback]?.(argument))).catch((failure) => console.error(failure));
    const asks = (this.#asks = new Asks(send));
    const means = { room, entry, asks, send, submit, enterAnew, tellOwner, tell };
    this.#lanes = new Lanes(means);
    this.#presenting = new Presenting(means);
    this.#roster = roster(asks, (change) => tell("onroster", change));
    for (const name of METHODS.lanes) this[name] = this.#lanes[name].bind(this.#lanes);
    for (const name of METHODS.presenting) this[name] = this.#presenting[name].bind(this.#presenting);
    for (const message of early) this.hear(message);
  }

  get counts() {
    return this.#lanes.counts;
  }

  get driver() {
    return this.#presenting.driver;
  }

  roster(options) {
    return this.#roster(undefined, options);
  }

  /** Handles a message of the server. Returns whether it was for this alone. */
  hear(message) {
    return this.#lanes.hear(message) || this.#asks.hear(message) || this.#presenting.hear(message) || this.#roster(message);
  }

  /** The room is over. */
  end() {
    this.#lanes.end();
    this.#presenting.end();
    this.#asks.end();
  }
}

/**
 * What a page asks of the server. The answer repeats the number of the question. Asking twice does
 * no harm, so what has no answer is asked again on the next connection.
 */
class Asks {
  #send;
  /** Questions without an answer, by their numbers. */
  #asked = new Map();
  #last = 0;

  /** `send` sends a text, or loses it while there is no connection. */
  constructor(send) {
    this.#send = send;
  }

  /** Resolves with the answer. */
  ask(question) {
    return new Promise((resolve, reject) => {
      const number = ++this.#last;
      const text = JSON.stringify({ ask: number, ...question });
      this.#asked.set(number, { text, resolve, reject });
      this.#send(text);
    });
  }

  /** Handles a message of the server. Returns whether it was for this alone. */
  hear(message) {
    const { ask: number, error, status, v, owner } = message;
    if (number !== undefined) this.#take(number)?.resolve(message);
    else if (error?.ask !== undefined) this.#refuse(error);
    // The reply to a join or claim. And a server that was restarted shows followers who is there
    // once the owner is back.
    else if ((status?.value === 3 && v) || owner === "back") for (const { text } of this.#asked.values()) this.#send(text);
    return number !== undefined || error?.ask !== undefined;
  }

  /** The room is over. */
  end() {
    for (const { reject } of this.#asked.values()) reject(roomError("closed", "the room is closed on this page"));
    this.#asked.clear();
  }

  #take(number) {
    const question = this.#asked.get(number);
    this.#asked.delete(number);
    return question;
  }

  #refuse({ ask: number, code, message, retryAfterMs }) {
    // Too often, in a second: it is asked again, unless it was answered meanwhile.
    const askAgain = () => this.#asked.has(number) && this.#send(this.#asked.get(number).text);
    if (retryAfterMs) setTimeout(askAgain, retryAfterMs);
    else this.#take(number)?.reject(roomError(code, message));
  }
}

/**
 * What stands between a room and its server's roster. Returns a function that takes
 *
 * - nothing and the options of `room.roster`: it asks, and returns the promise of the answer;
 * - a message of the server: it returns whether the message was for it.
 *
 * `tell` calls `onroster`.
 */
function roster(asks, tell) {
  let hasAsked = false;
  let unanswered = 0;

  async function ask({ after = 0, limit } = {}) {
    for (const [name, value] of Object.entries({ after, limit: limit ?? 0 })) {
      if (!Number.isSafeInteger(value) || value < 0) throw invalid(`\`${name}\` must be a whole number from 0`);
    }
    hasAsked = true;
    unanswered += 1;
    const { roster: people, next, named } = await asks.ask({ roster: { after, limit } }).finally(() => (unanswered -= 1));
    return { people, next, named };
  }

  function hear({ came, went, more, status, v, owner }) {
    if (came) tell({ came, went, more });
    // Nobody has told this page who came and went while it had no connection.
    else if (((status?.value === 3 && v) || owner === "back") && hasAsked && !unanswered) {
      ask({ limit: 0 }).then(
        ({ named }) => tell({ came: [], went: [], more: named }),
        () => {},
      );
    }
    return !!came;
  }

  return (message, options) => (message ? hear(message) : ask(options));
}

const invalid = (message) => roomError("invalid_argument", message);
