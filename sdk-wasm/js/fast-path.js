// The fast path of frequent actions, on which the engine is not asked for each of them.
//
// It repeats these rules of the protocol (protocol/src/session/fast_path.rs has them all):
//
// - A follower delivers an action whose seq is the next one, if its function is registered, it has
//   no moment, nothing else waits to be delivered, and no older state of its slot waits for a
//   function.
// - An owner whose actions are all answered numbers, writes and settles the next ones itself. A
//   state message takes the place of an unwritten one of its slot. The first one of a slot that the
//   engine doesn't know goes by the engine, which notes it.
// - Before anything else happens, the engine is told how far this came.
//
// tests/browser/fast-path.test.mjs holds the two together: it mixes both paths over lost
// connections, and every action must arrive once, in order and under its seq.

import { Answer } from "./answer.js";
import { microtask } from "./driver.js";
import { paramsOf } from "./message.js";

/** @typedef {import("./rtbroadcaster_sdk_bg.js").RoomEngine} RoomEngine */

/**
 * The bounds of what may be written on the fast path, as in the protocol's session/fast_path.rs:
 * the number of actions, and the characters of an action and of a frame. The characters are a third
 * of the bytes there, because a character takes at most three bytes.
 */
const MOST_ACTIONS = 1024;
const MOST_CHARACTERS = 1024;
const MOST_FRAME_CHARACTERS = 16 * 1024;

/** Above this many bytes that wait for the network, the engine is told of them at once. */
const UNSENT_BYTES = 64 * 1024;

/**
 * An action of this page, with its promise.
 *
 * @typedef {object} OwnAction
 * @property {string} body its JSON without the id and without its end
 * @property {string} functionKey
 * @property {string} params as JSON
 * @property {string} slot the slot that retains it; empty if none does
 * @property {number} at the moment at which it runs; 0 if it has none
 * @property {Answer<number | undefined>} answer
 */

export class FastPath {
  #driver;
  #engine;
  /** The seq of the action that may be delivered here; 0 if that isn't known. */
  #seq = 0;
  /** The seq of the first action delivered here that the engine was not told of. */
  #unreportedSeq = 0;
  /** The last frame, which says when it came. */
  #frame = { timeStamp: 0 };
  /**
   * Slot → its index in the engine. The indexes are valid until the engine gets a message.
   *
   * @type {Map<string, number>}
   */
  #slotIndexes = new Map();
  /** The id of the next action that may be written here; 0 if that isn't known. */
  #id = 0;
  /** The last id without its last digit. */
  #tens = 0;
  /** What the JSON of such an id begins with. */
  #idBeginning = ',"id":';
  /** The function key of the last action, which is often that of the next one too. */
  #key = "";
  /** What the JSON of such an action begins with. */
  #beginning = "";
  /**
   * The actions that are not answered, in their order.
   *
   * @type {OwnAction[]}
   */
  #unanswered = [];
  /** How many of them were written here. The others are of this task, and will be. */
  #written = 0;

  /**
   * @param {import("./driver.js").Driver} driver
   * @param {RoomEngine} engine
   */
  constructor(driver, engine) {
    this.#driver = driver;
    this.#engine = engine;
  }

  /** Tells the engine what happened here. To be called before any other call that changes it. */
  report() {
    if (this.#id) this.#reportWritten();
    if (this.#unreportedSeq !== this.#seq) this.#engine.fastPathDelivered(this.#heardAt, this.#seq - 1);
    this.#seq = this.#unreportedSeq = 0;
  }

  /**
   * Notes that a frame came. From this the engine knows how long the server has been silent.
   *
   * @param {object} event
   */
  noteFrame(event) {
    // The time is read when the engine is told. Reading it for each frame would cost a fifth of all
    // that is done here, and `instanceof` a twentieth. The sockets that pages bring may have events
    // without a time.
    const hasTime = event.constructor === MessageEvent;
    this.#frame = hasTime ? /** @type {MessageEvent} */ (event) : { timeStamp: performance.now() };
  }

  /** When the server was heard last. An event's own time is not believed if it is still to come. */
  get #heardAt() {
    return Math.min(this.#frame.timeStamp, performance.now());
  }

  /** The engine gets a message now, which may change the slots' indexes. */
  forgetSlots() {
    this.#slotIndexes.clear();
  }

  /**
   * Delivers a follower's action, if it is the next one and its function is registered. Returns
   * false for any other message.
   *
   * @param {import("./message.js").Message} message
   */
  deliver(message) {
    const { seq, funcKey, at } = message;
    const fn = this.#driver.page.functions.get(funcKey);
    if (!fn || !seq || at) return false;
    if (!this.#seq) {
      this.report();
      this.#unreportedSeq = this.#seq = this.#engine.fastPathSeq;
    }
    if (seq !== this.#seq) return false;
    if (message.stateMessage) {
      const { slot } = message;
      const index = this.#slotIndex(typeof slot === "string" ? slot : funcKey);
      if (index < 0) return false;
      this.#engine.slotWritten(index, seq);
    }
    this.#seq = seq + 1;
    this.#driver.page.run(fn, funcKey, paramsOf(message));
    return true;
  }

  /**
   * Writes an owner's action in a microtask, while the room has answered all earlier ones. Returns
   * the promise of the answer, or nothing if the engine must broadcast the action.
   *
   * @param {string} functionKey
   * @param {string} params as JSON
   * @param {string} slot the slot that retains it; empty if none does
   * @param {number} at the moment at which it runs; 0 if it has none
   * @returns {Promise<number | undefined> | undefined}
   */
  write(functionKey, params, slot, at) {
    if (functionKey !== this.#key) {
      this.#key = functionKey;
      this.#beginning = `{"funcKey":${JSON.stringify(functionKey)},"funcParams":`;
    }
    let body = this.#beginning + params;
    if (slot) body += ',"stateMessage":true';
    if (slot && slot !== functionKey) body += `,"slot":${JSON.stringify(slot)}`;
    if (at) body += `,"at":${at}`;
    if (body.length > MOST_CHARACTERS || this.#unanswered.length >= MOST_ACTIONS) return;
    if (!this.#id) {
      this.report();
      this.#id = this.#engine.fastPathId;
      if (!this.#id) return;
    }
    if (slot) {
      if (this.#slotIndex(slot) < 0) return;
      // The slot's older value is out of date. The new one goes to the end, so that the order is
      // kept.
      const old = this.#unanswered.slice(this.#written).findIndex((action) => action.slot === slot);
      if (old >= 0) this.#unanswered.splice(this.#written + old, 1)[0]?.answer.settle();
    }
    if (this.#unanswered.length === this.#written) microtask.then(this.#writeFrames);
    const answer = new Answer(slot || functionKey);
    this.#unanswered.push({ body, functionKey, params, slot, at, answer });
    return answer;
  }

  /**
   * Handles the answer that the room has appended all actions up to the id `ack`, the last one at
   * `seq`. Returns false for any other message.
   *
   * @param {import("./message.js").Message} message
   */
  settle({ ack, seq }) {
    const count = ack - this.#id + this.#written + 1;
    if (!(count > 0 && count <= this.#written)) return false;
    this.#written -= count;
    this.#unanswered.splice(0, count).forEach(({ answer }, at) => answer.settle(seq - count + 1 + at));
    return true;
  }

  #writeFrames = () => {
    const driver = this.#driver;
    let frame = "";
    while (this.#written < this.#unanswered.length) {
      const action = /** @type {OwnAction} */ (this.#unanswered[this.#written++]);
      const line = action.body + this.#idText(this.#id++);
      if (frame.length + line.length >= MOST_FRAME_CHARACTERS) {
        driver.connection.send(frame);
        frame = "";
      }
      frame = frame ? `${frame}\n${line}` : line;
    }
    if (frame && driver.connection.send(frame) > UNSENT_BYTES) driver.pump();
  };

  /**
   * The end of an action's JSON, which has the id. It comes last: a browser copies each piece of a
   * text that was put together, and these are fewer pieces.
   *
   * @param {number} id
   */
  #idText(id) {
    // Making text of each id as a whole would cost a tenth of all that is done here.
    const tens = Math.floor(id / 10);
    if (tens !== this.#tens) this.#idBeginning = `,"id":${(this.#tens = tens)}`;
    return this.#idBeginning + `${id % 10}}`;
  }

  /** Tells the engine what was written here, and what of that was answered. */
  #reportWritten() {
    const engine = this.#engine;
    const written = this.#written;
    engine.fastPathAnswered(this.#heardAt, this.#id - written - 1);
    this.#id = this.#written = 0;
    this.#unanswered.splice(0).forEach(({ functionKey, params, slot, at, answer }, index) => {
      // The actions that were not written yet are written by the engine.
      this.#driver.expect(engine.broadcast(functionKey, params, slot, at, index < written), answer);
    });
  }

  /**
   * The index of a slot in the engine; below 0 if the engine must get the slot's next message.
   *
   * @param {string} slot
   */
  #slotIndex(slot) {
    let index = this.#slotIndexes.get(slot);
    if (index === undefined) this.#slotIndexes.set(slot, (index = this.#engine.slotIndex(slot)));
    return index;
  }
}
