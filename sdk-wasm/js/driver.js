// Drives one engine: tells it what happened, and performs the steps that it wants.

import { Answer } from "./answer.js";
import { Connection } from "./connection.js";
import { CONNECTION_LOST } from "./decisions.js";
import { closedError } from "./errors.js";
import { FastPath } from "./fast-path.js";
import { parse, setMessage } from "./message.js";
import { parts } from "./parts.js";
import { PendingPromises } from "./pending.js";
import { steps } from "./steps.js";
import { Talking } from "./talking.js";
import { Timer } from "./timer.js";
import { Waiting } from "./waiting.js";
import { watchLifecycle } from "./wake.js";

/** @typedef {import("./rtbroadcaster_sdk_bg.js").RoomEngine} RoomEngine */

/** @typedef {import("./entry.js").Entry} Entry */

/** `microtask.then` runs a function in a microtask, in a third of the time of `queueMicrotask`. */
export const microtask = Promise.resolve();

export class Driver {
  /** What the page was told last: of the parts, those that a room shows. */
  told = { ...parts, status: /** @type {import("./parts.js").Status} */ ("connecting") };
  isOver = false;
  waiting = new Waiting(this);
  /** @type {number | undefined} The number that names this page to others in the room. */
  seat;
  /** @type {string | undefined} What a member is in the room, unless it is the creator. */
  role;
  /** Whether the page may write, as the last reply says. */
  isOwner = false;
  /** @type {string | undefined} The short code of the room. */
  code;
  entry;
  /** What the page has of this. */
  room = {};
  /** @type {string} Whether the one who drives is here, as the page was told last. */
  #presence = "here";
  talking = new Talking(this);
  page;
  #engine;
  #fastPath;
  connection;
  /** Gives the page its room, or rejects that promise. */
  entering;
  onEnd;
  /** @type {import("./errors.js").RoomError | undefined} Why this page gave up, if it knows. */
  failure;
  timer = new Timer(() => this.handle((engine, now) => engine.timerFired(now)));
  /** The page's code is running, called from here. Deliveries that it causes wait until it ends. */
  #delivering = false;
  #pumpIsDue = false;
  #stopWatching = () => {};
  promises;

  /**
   * @param {RoomEngine} engine
   * @param {Entry} entry
   * @param {import("./connection.js").Target} target
   * @param {import("./page-code.js").PageCode} page
   * @param {import("./pending.js").Pending<void>} entering
   * @param {((code: string) => void) | undefined} onEnd called with the code of the room's end,
   * before any callback
   */
  constructor(engine, entry, target, page, entering, onEnd) {
    this.#engine = engine;
    this.entry = entry;
    this.page = page;
    this.promises = new PendingPromises(page);
    this.#fastPath = new FastPath(this, engine);
    this.connection = new Connection(this, target);
    this.entering = entering;
    this.onEnd = onEnd;
  }

  begin() {
    this.#stopWatching = watchLifecycle(this);
    this.pump();
  }

  /** The engine, after it was told of the fast path. */
  upToDate() {
    this.#fastPath.report();
    return this.#engine;
  }

  /**
   * Tells the engine what happened, and performs the steps that follow.
   *
   * @param {(engine: RoomEngine, now: number) => void} tell
   */
  handle(tell) {
    tell(this.upToDate(), performance.now());
    this.pump();
  }

  /**
   * Handles a frame: messages joined by newlines, which no message contains.
   *
   * @param {{ data: unknown, timeStamp?: number }} event
   */
  receive(event) {
    const frame = event.data;
    if (typeof frame !== "string") return;
    const fastPath = this.#fastPath;
    fastPath.noteFrame(event);
    const mayDeliver = !this.#delivering;
    this.#delivering = true;
    // Most frames have one message, and splitting it takes a tenth of all that is done here.
    for (const line of frame.includes("\n") ? frame.split("\n") : [frame]) {
      const message = parse(line);
      if (mayDeliver && message && ((!this.waiting.holds && fastPath.deliver(message)) || fastPath.settle(message))) continue;
      if (message?.v) this.#entered(message);
      // The key of its seat was revoked, or has expired: the session goes on without it.
      if (message?.error?.code === "wrong_owner_key") this.entry.invite = undefined;
      if (message?.recording) this.page.callBack("onrecording", message.recording);
      if (message && this.talking.receive(message)) continue;
      const engine = this.upToDate();
      if (message) {
        this.waiting.note(message);
        setMessage(message);
        fastPath.forgetSlots();
        engine.received(performance.now(), line.length);
      } else {
        engine.receivedUnreadable();
      }
      // After each message, so that callbacks and actions keep their order.
      this.#runSteps(mayDeliver);
    }
    this.#delivering = !mayDeliver;
  }

  /**
   * Broadcasts an action. Returns the promise of the answer.
   *
   * @param {string} functionKey
   * @param {string} params as JSON
   * @param {string} slot the slot that retains it; empty if none does
   * @param {number} at the moment at which it runs; 0 if it has none
   */
  broadcast(functionKey, params, slot, at) {
    return (
      this.#fastPath.write(functionKey, params, slot, at) ??
      this.expect(this.upToDate().broadcast(functionKey, params, slot, at, false), new Answer(slot || functionKey))
    );
  }

  /**
   * Queues a message of the owner that is no action. Returns the promise of the answer.
   *
   * @param {string} text
   * @param {string} slot the slot that it clears; empty if it clears none
   */
  submit(text, slot) {
    return this.expect(this.upToDate().submit(text, slot), new Answer(slot));
  }

  /** @param {string} slot */
  clear(slot) {
    return this.submit(JSON.stringify({ clear: slot }), slot);
  }

  /** Enters the room anew, because an own turn begins or ends. */
  enterAnew() {
    this.isOwner = false;
    this.handle((engine, now) => engine.enterAnew(now));
  }

  /**
   * Notes what the reply to the first message says of the page and its room.
   *
   * @param {import("./message.js").Message} reply
   */
  #entered({ uuid, ownerKey = this.entry.ownerKey, code, seat, role, epoch }) {
    // From now on a creator claims its room. It drives only if nobody else was given the pen.
    Object.assign(this.entry, { uuid, ownerKey, drive: ownerKey && false, code: undefined });
    Object.assign(this, { code, seat, role, isOwner: epoch !== undefined });
    // Who drives is here, and is told nothing of itself.
    if (this.isOwner) this.#presence = "here";
  }

  /** @param {string} [presence] that of who drives, if it has changed */
  tellOwner(presence = this.#presence) {
    this.page.callBack("onowner", (this.#presence = presence), this.talking.driver);
  }

  /** @returns {Promise<void>} */
  ready() {
    if (this.isOver) return this.promises.failed(closedError());
    this.upToDate().awaitQueueSpace();
    this.pumpSoon();
    return this.promises.ready();
  }

  /**
   * @param {string} key
   * @param {import("./page-code.js").PageFunction} fn
   */
  register(key, fn) {
    this.page.functions.set(key, fn);
    this.upToDate().register(key);
  }

  /** @returns {Promise<void>} */
  close() {
    if (this.isOver) return Promise.resolve();
    const closed = this.promises.closed();
    this.waiting.drop();
    this.upToDate().close(performance.now());
    // The page may be going away. So what can be sent is sent now; only the callbacks wait.
    this.#runSteps(false);
    this.pumpSoon();
    return closed;
  }

  /**
   * Settles a promise when the action with this ticket is answered, and returns it.
   *
   * @param {number} ticket 0 if the engine has refused the action
   * @param {import("./answer.js").Answer<number | undefined>} answer
   */
  expect(ticket, answer) {
    this.pumpSoon();
    return this.promises.addAnswer(ticket, answer);
  }

  /**
   * A connection could not be begun.
   *
   * @param {import("./errors.js").RoomError} error
   */
  failed(error) {
    const engine = this.upToDate();
    if (this.told.status === "connecting") {
      this.failure = error;
      engine.close(performance.now());
    } else {
      engine.disconnected(performance.now(), CONNECTION_LOST);
      this.page.report(error);
    }
    this.pump();
  }

  /** Performs the steps that the engine wants, in a microtask: the page's code is running. */
  pumpSoon() {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    microtask.then(this.#onMicrotask);
  }

  /**
   * Runs the page's code, and then the steps that waited for it.
   *
   * @param {() => void} run
   */
  deliver(run) {
    this.#delivering = true;
    run();
    this.#delivering = false;
    this.pump();
  }

  /** Performs the steps that the engine wants. */
  pump() {
    if (this.#delivering) return this.#runSteps(false);
    this.#delivering = true;
    this.#runSteps(true);
    this.#delivering = false;
  }

  #onMicrotask = () => {
    this.#pumpIsDue = false;
    this.pump();
  };

  /** @param {boolean} mayDeliver whether steps may run the page's code */
  #runSteps(mayDeliver) {
    const unsent = this.connection.unsent;
    if (unsent !== undefined) this.upToDate().buffered(performance.now(), unsent);
    for (let step; (step = this.upToDate().nextStep(mayDeliver && !this.waiting.holds)); ) steps[step](this);
  }

  /** Drops all that the browser could call, and the page's code, which may refer to the room. */
  release() {
    this.isOver = true;
    this.waiting.stop();
    this.told.status = "closed";
    this.talking.talk?.end();
    this.connection.release();
    this.timer.disarm();
    this.#stopWatching();
    this.page.release();
  }
}
