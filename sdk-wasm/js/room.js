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
import { NOT_FOLLOWER, WISHES } from "./decisions.js";
import { Driver } from "./driver.js";
import { closedError, invalid, roomError } from "./errors.js";
import { PageCode } from "./page-code.js";
import { CALLBACKS, shellOf } from "./shell.js";

/** What a room has had from the moment when the page gets it. */
const CONSTANT = /** @type {const} */ (["uuid", "code", "isOwner", "resumed"]);

/**
 * Makes engines: the class `RoomEngine` has these functions.
 *
 * @typedef {typeof import("./rtbroadcaster_sdk_bg.js").RoomEngine} EngineClass
 * @typedef {Pick<EngineClass, "create" | "join" | "claim">} Engines
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
  #isOwner;
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
    let ownerKey, timeout, SocketClass, token;
    /** @type {unknown} */
    let lanes;
    let name = "";
    let wishes = 0;
    if (joins) roomUuid(uuid, "uuid");
    const address = websocketAddress(url);
    if (isGiven(options, "options")) {
      if (joins) {
        const given = field(options, "name");
        if (given !== undefined) name = nonEmpty(given, "name");
      } else {
        const claim = field(options, "claim");
        if (isGiven(claim, "claim")) {
          uuid = roomUuid(field(claim, "uuid"), "claim.uuid");
          ownerKey = nonEmpty(field(claim, "ownerKey"), "claim.ownerKey");
          this.#resumed = true;
        }
        for (const [name, wish] of Object.entries(WISHES)) if (flag(field(options, name), name)) wishes += wish;
      }
      for (const name of CALLBACKS) callbacks[name] = callback(field(options, name), name);
      functions = functionsOf(field(options, "functions"));
      timeout = field(options, "timeout");
      SocketClass = socketClass(field(options, "WebSocket"));
      token = tokenOrFunction(field(options, "token"));
      lanes = field(options, "lanes");
    }
    timeout = milliseconds(timeout);
    // 128 bits. `crypto.randomUUID` would be shorter, but insecure contexts lack it.
    const session = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const now = performance.now();
    const engine = joins
      ? engines.join(now, session, timeout, uuid, name)
      : ownerKey
        ? engines.claim(now, session, timeout, wishes, uuid, ownerKey)
        : engines.create(now, session, timeout, wishes);
    this.#isOwner = !joins;
    const entering = {
      resolve: () => {
        // What doesn't change from now on is a value, which consoles show at once.
        for (const name of CONSTANT) Object.defineProperty(this.#shell, name, { value: this[name] });
        if (lanes) this.#driver.talking().then((talk) => talk.openAll(lanes)).catch((error) => this.#driver.page.reportDropped(error));
        resolve(this.#shell);
      },
      reject,
    };
    this.#driver = new Driver(engine, { address, SocketClass, token }, new PageCode(callbacks), entering, onEnd);
    this.#shell = shellOf(this, this.#driver);
    for (const [key, fn] of functions) this.#driver.register(key, fn);
    if (wishes & WISHES.clock) this.#driver.waiting.startClock();
    this.#driver.begin();
  }

  get uuid() {
    return this.#driver.told.uuid;
  }

  get isOwner() {
    return this.#isOwner;
  }

  get connected() {
    return this.status === "connected" || this.status === "catching-up";
  }

  get status() {
    return this.#driver.told.status;
  }

  get ownerKey() {
    return this.#driver.told.ownerKey;
  }

  get resumed() {
    return this.#resumed;
  }

  get code() {
    return this.#driver.told.roomCode;
  }

  get seat() {
    return this.#isOwner ? 0 : this.#driver.seat;
  }

  get audience() {
    return this.#driver.told.audience;
  }

  get counts() {
    return this.#driver.talk?.counts;
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
    if (this.#isOwner) throw roomError(NOT_FOLLOWER);
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
