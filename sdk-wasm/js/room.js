// A room as a page sees it: index.d.ts documents it.

import {
  callback,
  field,
  flag,
  functionsOf,
  functionToRegister,
  isGiven,
  keyOrSlot,
  milliseconds,
  momentOf,
  nonEmpty,
  paramsText,
  roomUuid,
  slotOf,
  socketClass,
  tokenOrFunction,
  websocketAddress,
} from "./arguments.js";
import { NOT_FOLLOWER } from "./decisions.js";
import { Driver } from "./driver.js";
import { closedError, invalid, roomError } from "./errors.js";
import { PageCode } from "./page-code.js";
import { CALLBACKS, shellOf } from "./shell.js";

/** What a room has had from the moment when the page gets it. */
const CONSTANT = /** @type {const} */ (["uuid", "code", "resumed"]);

/** What an owner may wish for in its first message. */
const WISHES = ["shareAudience", "clock", "code", "shareRoster"];

/**
 * Makes engines: the class `RoomEngine` has this function.
 *
 * @typedef {Pick<typeof import("./rtbroadcaster_sdk_bg.js").RoomEngine, "enter">} Engines
 */

/**
 * Enters a room; returns the promise of `create` and `join`.
 *
 * @param {Engines} engines
 * @param {unknown} url
 * @param {boolean} joins whether to join; otherwise a room is created, or the one in the options is
 * claimed
 * @param {unknown} uuid
 * @param {unknown} options
 * @param {((code: string) => void) | undefined} [onEnd] called with the code of the room's end,
 * before any callback
 * @returns {Promise<Room>}
 */
export function enter(engines, url, joins, uuid, options, onEnd) {
  return new Promise((resolve, reject) => new Room(engines, url, joins, uuid, options, onEnd, { resolve, reject }));
}

class Room {
  #driver;
  #resumed = false;
  #isDetached = false;
  #shell;

  /**
   * @param {Engines} engines
   * @param {unknown} url
   * @param {boolean} joins
   * @param {any} uuid
   * @param {unknown} options
   * @param {((code: string) => void) | undefined} onEnd
   * @param {import("./pending.js").Pending<Room>} entering
   */
  constructor(engines, url, joins, uuid, options, onEnd, { resolve, reject }) {
    /** @type {[string, import("./page-code.js").PageFunction][]} */
    let functions = [];
    /** @type {import("./page-code.js").Callbacks} */
    const callbacks = {};
    let timeout, SocketClass, token;
    /** @type {unknown} */
    let lanes;
    // 128 bits. `crypto.randomUUID` would be shorter, but insecure contexts lack it.
    const session = crypto.getRandomValues(new Uint32Array(4)).join("-");
    /** @type {import("./entry.js").Entry} */
    const entry = { v: 2, session };
    if (joins) entry.uuid = roomUuid(uuid, "uuid");
    const address = websocketAddress(url);
    if (isGiven(options, "options")) {
      if (joins) {
        const name = field(options, "name");
        if (name !== undefined) entry.name = keyOrSlot(name, "name");
        const invite = field(options, "invite");
        if (invite !== undefined) entry.invite = nonEmpty(invite, "invite");
      } else {
        const claim = field(options, "claim");
        if (isGiven(claim, "claim")) {
          entry.uuid = roomUuid(field(claim, "uuid"), "claim.uuid");
          entry.ownerKey = nonEmpty(field(claim, "ownerKey"), "claim.ownerKey");
          entry.drive = false;
          this.#resumed = true;
        }
        for (const name of WISHES) if (flag(field(options, name), name)) entry[name] = true;
      }
      for (const name of CALLBACKS) callbacks[name] = callback(field(options, name), name);
      functions = functionsOf(field(options, "functions"));
      timeout = field(options, "timeout");
      SocketClass = socketClass(field(options, "WebSocket"));
      token = tokenOrFunction(field(options, "token"));
      lanes = field(options, "lanes");
    }
    const seed = Math.random() * 2 ** 53;
    const engine = engines.enter(performance.now(), !entry.uuid, !joins, seed, milliseconds(timeout));
    const entering = {
      resolve: () => {
        // What doesn't change from now on is a value, which consoles show at once.
        for (const name of CONSTANT) Object.defineProperty(this.#shell, name, { value: this[name] });
        if (lanes) this.#driver.talking.load().then((talk) => talk.openAll(lanes)).catch((error) => this.#driver.page.reportDropped(error));
        resolve(this.#shell);
      },
      reject,
    };
    this.#driver = new Driver(engine, entry, { address, SocketClass, token }, new PageCode(callbacks), entering, onEnd);
    this.#shell = this.#driver.room = shellOf(this, this.#driver);
    for (const [key, fn] of functions) this.#driver.register(key, fn);
    if (entry.clock) this.#driver.waiting.startClock();
    this.#driver.begin();
  }

  get uuid() {
    return this.#driver.entry.uuid;
  }

  get isOwner() {
    return this.#driver.isOwner;
  }

  get role() {
    return this.ownerKey ? "creator" : (this.#driver.role ?? "follower");
  }

  get driver() {
    return this.#driver.talking.driver;
  }

  get connected() {
    return this.status === "connected" || this.status === "catching-up";
  }

  get status() {
    return this.#driver.told.status;
  }

  get ownerKey() {
    return this.#driver.entry.ownerKey;
  }

  get resumed() {
    return this.#resumed;
  }

  get code() {
    return this.#driver.code;
  }

  get seat() {
    return this.ownerKey ? 0 : this.#driver.seat;
  }

  get audience() {
    return this.#driver.told.audience;
  }

  get counts() {
    return this.#driver.talking.talk?.counts;
  }

  get clock() {
    return this.#driver.waiting.moments?.clock;
  }

  get late() {
    return this.#driver.waiting.late;
  }

  time() {
    this.#driver.waiting.startClock();
    return this.#driver.waiting.moments?.time() ?? Date.now();
  }

  /** @param {number} at */
  async until(at) {
    const driver = this.#driver;
    momentOf({ at });
    await driver.waiting.startClock();
    if (driver.isOver) throw closedError();
    await driver.waiting.moments?.until(at, closedError);
  }

  /**
   * @param {string} functionKey
   * @param {unknown[]} [params]
   * @param {{ state?: boolean, slot?: string, at?: number }} [options]
   */
  broadcast(functionKey, params, options) {
    let key;
    try {
      key = keyOrSlot(functionKey, "functionKey");
      return this.#driver.broadcast(key, paramsText(params), slotOf(options, key), momentOf(options));
    } catch (error) {
      return this.#failed(Object.assign(/** @type {Error} */ (error), key && { key }));
    }
  }

  /** @param {string} slot */
  clear(slot) {
    try {
      return this.#driver.clear(keyOrSlot(slot, "slot"));
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** @param {unknown} [wish] */
  record(wish = true) {
    return this.#driver.submit(JSON.stringify({ record: wish }), "");
  }

  ready() {
    return this.#driver.ready();
  }

  /**
   * @param {string} functionKey
   * @param {import("./page-code.js").PageFunction} fn
   */
  on(functionKey, fn) {
    keyOrSlot(functionKey, "functionKey");
    functionToRegister(fn, functionKey);
    const driver = this.#driver;
    if (!driver.isOver) {
      driver.register(functionKey, fn);
      // State messages that waited for it are delivered soon and not now: the page's code is
      // running.
      driver.pumpSoon();
    }
    return this.#shell;
  }

  /** @param {string} functionKey */
  off(functionKey) {
    this.#driver.upToDate().unregister(keyOrSlot(functionKey, "functionKey"));
    this.#driver.page.functions.delete(functionKey);
    return this.#shell;
  }

  get detached() {
    return this.#isDetached && !this.#driver.isOver;
  }

  get behind() {
    return this.#driver.upToDate().behind;
  }

  detach() {
    if (this.isOwner) throw roomError(NOT_FOLLOWER);
    this.#driver.upToDate().detach();
    this.#isDetached = true;
  }

  /** @param {"state" | "every"} [catchUp] */
  follow(catchUp = "state") {
    if (catchUp !== "state" && catchUp !== "every") throw invalid('`catchUp` must be "state" or "every"');
    this.#driver.upToDate().follow(catchUp === "every");
    this.#isDetached = false;
    // The backlog is delivered soon and not now: the page's code is running.
    this.#driver.pumpSoon();
  }

  /** @param {string} [text] */
  async qr(text) {
    const { qr } = await import("./qr.js");
    return qr(this, text);
  }

  close() {
    return this.#driver.close();
  }

  #failed(/** @type {any} */ error) {
    return this.#driver.promises.failed(error);
  }
}
