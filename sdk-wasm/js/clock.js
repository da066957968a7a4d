// The server's clock, and what waits for a moment of it. Loaded when it is first needed.
//
// Rust programs have the same in protocol/src/session: clock.rs, moments.rs and waiting.rs say why,
// and the simulation plays them. tests/packaging/clock.test.mjs holds this file to the same.

/** A page that begins, has slept or has another connection asks so often quickly. */
const BURST = 16;
const BURST_PAUSE_MS = 100;

/** Then less often, until the clock is known well or it was asked for so often. */
const MANY = 256;
const PAUSE_MS = 250;
const GOOD_MS = 5;

/** From then on. */
const LONG_PAUSE_MS = 30_000;

/** Two clocks drift apart by at most this part of the time that passes. */
const DRIFT = 50e-6;

/** When the page's two clocks have grown so far apart, the page has slept, or a clock was set. */
const JUMP_MS = 250;

/** How long actions wait for the first answer, and for anything. */
const NO_CLOCK_MS = 5_000;
const MAX_WAIT_MS = 60_000;

/** So many questions without an answer are remembered. */
const MAX_ASKED = 32;

/** A timer may be late, so the last part of a wait has one of its own. */
const TIMER_MS = 4;

/**
 * What waits for a moment.
 *
 * @typedef {object} Waiter
 * @property {number} at by the server's clock
 * @property {number} since by the page's clock
 * @property {(late: number | undefined) => void} run
 * @property {() => void} [drop] called if the room ends before
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

export class Moments {
  #connection;
  /**
   * The bounds of the server's clock minus the page's, and when they were right. None before
   * the first exchange.
   *
   * @type {{ low: number, high: number, at: number } | undefined}
   */
  #bounds;
  /** @type {Set<Waiter>} */
  #waiters = new Set();
  /**
   * The questions that are not answered, each with the time when it was asked.
   *
   * @type {Map<number, number>}
   */
  #asked = new Map();
  /** No ping of the engine has a number so high. */
  #number = 1e9;
  #count = 0;
  /** How many answers in a row were without a time. */
  #refused = 0;
  /** Since when it is asked on this connection, or after a sleep. */
  #askingSince = performance.now();
  /** The socket on which a message came last. */
  #socket;
  #difference = Date.now() - performance.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{ socket: any, send(frame: string): unknown }} connection */
  constructor(connection) {
    this.#connection = connection;
    this.#socket = connection.socket;
    this.#ask();
  }

  /** What is known of the server's clock; undefined before the first exchange. */
  get clock() {
    if (!this.#bounds) return;
    const { low, high, at } = this.#bounds;
    const drift = (performance.now() - at) * DRIFT;
    return { offset: (low + high) / 2, uncertainty: (high - low) / 2 + drift };
  }

  /** The server's time; undefined before the first exchange. */
  time() {
    return this.clock && performance.now() + this.clock.offset;
  }

  /**
   * @param {number} at
   * @param {() => Error} closedError what it fails with if the room ends before
   * @returns {Promise<void>}
   */
  until(at, closedError) {
    return new Promise((resolve, reject) => this.hold(at, () => resolve(), () => reject(closedError())));
  }

  /**
   * Runs something at a moment, or now if that has passed. Says how late it is, if the clock is
   * known.
   *
   * @param {number} at
   * @param {Waiter["run"]} run
   * @param {Waiter["drop"]} [drop]
   */
  hold(at, run, drop) {
    /** @type {Waiter} */
    const waiter = { at, since: performance.now(), run, drop };
    this.#waiters.add(waiter);
    this.#look(waiter);
  }

  /**
   * Notes a message of the server, which may be the answer to a question.
   *
   * @param {{ pong?: any, time?: any }} message
   */
  heard({ pong, time }) {
    this.#checkForSleep();
    this.#checkSocket();
    const sent = this.#asked.get(pong);
    if (sent === undefined) return;
    this.#asked.delete(pong);
    if (typeof time === "number") {
      this.#refused = 0;
      this.note(sent, performance.now(), time);
    } else {
      this.#refused += 1;
    }
    // Later, because the page's code may be running.
    for (const waiter of this.#waiters) this.#lookIn(waiter, 0);
  }

  /**
   * Notes an exchange: asked at `sent`, and told `time` at `heard`.
   *
   * @param {number} sent
   * @param {number} heard
   * @param {number} time
   */
  note(sent, heard, time) {
    // The server tells whole milliseconds.
    const newest = { low: time - heard, high: time + 1 - sent, at: heard };
    const { low, high, at } = this.#bounds ?? newest;
    const drift = (heard - at) * DRIFT;
    const common = { low: Math.max(newest.low, low - drift), high: Math.min(newest.high, high + drift), at: heard };
    // Without anything in common, a clock has jumped, or this is another server.
    this.#bounds = common.low <= common.high ? common : newest;
  }

  /** Forgets what waits, and asks no more. */
  stop() {
    clearTimeout(this.#timer);
    for (const { timer, drop } of this.#waiters) {
      clearTimeout(timer);
      drop?.();
    }
    this.#waiters.clear();
  }

  #ask() {
    this.#checkForSleep();
    const { socket } = this.#connection;
    if (socket && (socket.readyState ?? 1) === 1) {
      this.#asked.delete(this.#number - MAX_ASKED);
      this.#asked.set(++this.#number, performance.now());
      this.#connection.send(`{"ping":${this.#number},"time":true}`);
    }
    const isGood = this.clock && this.clock.uncertainty <= GOOD_MS;
    const usual = ++this.#count < BURST ? BURST_PAUSE_MS : isGood || this.#count > MANY ? LONG_PAUSE_MS : PAUSE_MS;
    const pause = Math.min(usual * 2 ** this.#refused, LONG_PAUSE_MS);
    this.#askIn(pause * (0.75 + Math.random() / 2));
  }

  /** @param {number} pause */
  #askIn(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), pause);
  }

  #startAgain() {
    this.#bounds = undefined;
    this.#asked.clear();
    this.#count = this.#refused = 0;
    this.#askingSince = performance.now();
    for (const waiter of this.#waiters) waiter.since = performance.now();
    this.#askIn(0);
  }

  /** A message came. If it came on another connection, that may lead to another server. */
  #checkSocket() {
    const before = this.#socket;
    this.#socket = this.#connection.socket;
    if (before !== this.#socket) this.#startAgain();
  }

  /** If the page has slept, one of its clocks may have stood still. */
  #checkForSleep() {
    const before = this.#difference;
    this.#difference = Date.now() - performance.now();
    if (Math.abs(this.#difference - before) > JUMP_MS) this.#startAgain();
  }

  /**
   * Runs what waits if its moment has come, or looks again later.
   *
   * @param {Waiter} waiter
   */
  #look(waiter) {
    clearTimeout(waiter.timer);
    this.#checkForSleep();
    const { at, since, run, drop } = waiter;
    const now = performance.now();
    const time = this.time();
    let wait = this.#refused ? 0 : this.#askingSince + NO_CLOCK_MS - now;
    if (time !== undefined) wait = at - time;
    // Without a clock, a page that waits for a moment by itself goes by its own time.
    else if (drop) wait = Math.max(wait, at - Date.now());
    if (!drop) wait = Math.min(wait, since + MAX_WAIT_MS - now);
    if (wait > 0) {
      this.#lookIn(waiter, wait > 2 * TIMER_MS ? wait - TIMER_MS : Math.ceil(wait));
    } else if (this.#waiters.delete(waiter)) {
      run(time && Math.max(time - at, 0));
    }
  }

  /**
   * @param {Waiter} waiter
   * @param {number} pause
   */
  #lookIn(waiter, pause) {
    clearTimeout(waiter.timer);
    // A browser takes a pause that is too long for none.
    waiter.timer = setTimeout(() => this.#look(waiter), Math.min(pause, MAX_WAIT_MS));
  }
}
