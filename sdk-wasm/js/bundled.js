// `cargo xtask generate` writes this file from the others here, for packages built with wasm-pack.
var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// clock.js
var clock_exports = {};
__export(clock_exports, {
  Moments: () => Moments
});
var BURST, BURST_PAUSE_MS, MANY, PAUSE_MS, GOOD_MS, LONG_PAUSE_MS, DRIFT, JUMP_MS, NO_CLOCK_MS, MAX_WAIT_MS, MAX_ASKED, TIMER_MS, Moments;
var init_clock = __esm({
  "clock.js"() {
    BURST = 16;
    BURST_PAUSE_MS = 100;
    MANY = 256;
    PAUSE_MS = 250;
    GOOD_MS = 5;
    LONG_PAUSE_MS = 3e4;
    DRIFT = 5e-5;
    JUMP_MS = 250;
    NO_CLOCK_MS = 5e3;
    MAX_WAIT_MS = 6e4;
    MAX_ASKED = 32;
    TIMER_MS = 4;
    Moments = class {
      #connection;
      /**
       * The bounds of the server's clock minus the page's, and when they were right. None before
       * the first exchange.
       *
       * @type {{ low: number, high: number, at: number } | undefined}
       */
      #bounds;
      /** @type {Set<Waiter>} */
      #waiters = /* @__PURE__ */ new Set();
      /**
       * The questions that are not answered, each with the time when it was asked.
       *
       * @type {Map<number, number>}
       */
      #asked = /* @__PURE__ */ new Map();
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
      until(at, closedError2) {
        return new Promise((resolve2, reject) => this.hold(at, () => resolve2(), () => reject(closedError2())));
      }
      /**
       * Runs something at a moment, or now if that has passed. Says how late it is, if the clock is
       * known.
       *
       * @param {number} at
       * @param {Waiter["run"]} run
       * @param {Waiter["drop"]} [drop]
       */
      hold(at, run, drop2) {
        const waiter = { at, since: performance.now(), run, drop: drop2 };
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
        if (sent === void 0) return;
        this.#asked.delete(pong);
        if (typeof time === "number") {
          this.#refused = 0;
          this.note(sent, performance.now(), time);
        } else {
          this.#refused += 1;
        }
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
        const newest = { low: time - heard, high: time + 1 - sent, at: heard };
        const { low, high, at } = this.#bounds ?? newest;
        const drift = (heard - at) * DRIFT;
        const common = { low: Math.max(newest.low, low - drift), high: Math.min(newest.high, high + drift), at: heard };
        this.#bounds = common.low <= common.high ? common : newest;
      }
      /** Forgets what waits, and asks no more. */
      stop() {
        clearTimeout(this.#timer);
        for (const { timer, drop: drop2 } of this.#waiters) {
          clearTimeout(timer);
          drop2?.();
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
        this.#bounds = void 0;
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
        const { at, since, run, drop: drop2 } = waiter;
        const now = performance.now();
        const time = this.time();
        let wait = this.#refused ? 0 : this.#askingSince + NO_CLOCK_MS - now;
        if (time !== void 0) wait = at - time;
        else if (drop2) wait = Math.max(wait, at - Date.now());
        if (!drop2) wait = Math.min(wait, since + MAX_WAIT_MS - now);
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
        waiter.timer = setTimeout(() => this.#look(waiter), Math.min(pause, MAX_WAIT_MS));
      }
    };
  }
});

// decisions.js
var DEFAULT_TIMEOUT_MS = (
  /** @type {const} */
  15e3
);
var LONGEST_WAIT_MS = (
  /** @type {const} */
  2147483647
);
var CONNECTION_LOST = (
  /** @type {const} */
  1006
);
var ASLEEP = (
  /** @type {const} */
  0
);
var VISIBILITY_EVENT = (
  /** @type {const} */
  "visibilitychange"
);
var HIDE_EVENT = (
  /** @type {const} */
  "pagehide"
);
var LIFECYCLE = (
  /** @type {const} */
  { "freeze": 0, "offline": 1, "online": 2, "pagehide": 0, "pageshow": 1, "resume": 1, "visibilitychange": 1 }
);
var WEBSOCKET_SCHEMES = (
  /** @type {const} */
  { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }
);
var NO_URL = (
  /** @type {const} */
  "is no valid URL"
);
var NO_PAGE = (
  /** @type {const} */
  "is no absolute URL, and there is no page to which it could be relative"
);
var NO_UUID = (
  /** @type {const} */
  "is no uuid"
);
var OTHER_SCHEME = (
  /** @type {const} */
  "must begin with ws:, wss:, http: or https:, or be relative to such a page"
);
var CLOSED = (
  /** @type {const} */
  ["closed", "the room is closed on this page"]
);
var UNANSWERED = (
  /** @type {const} */
  ["closed", "the room ended before the server had answered: this may have been taken"]
);
var NOT_FOLLOWER = (
  /** @type {const} */
  ["not_follower", "an owner can't detach: it follows nobody"]
);
var NO_WEBSOCKET = (
  /** @type {const} */
  ["connection_failed", "no websocket could be opened; the option for their class gives another"]
);
var NO_TOKEN = (
  /** @type {const} */
  ["token_failed", "the function for tokens has given none"]
);

// errors.js
function roomError([code, message], details) {
  return Object.assign(new Error(message), { name: (
    /** @type {const} */
    "RoomError"
  ), code, ...details });
}
var invalid = (message, details) => roomError(["invalid_argument", message], details);
var closedError = () => roomError(CLOSED);
function call(callback2, ...args) {
  new Promise((resolve2) => resolve2(callback2?.(...args))).catch((failure) => log("error", failure));
}
function log(level, value) {
  try {
    console[level](value);
  } catch {
  }
}

// arguments.js
function nonEmpty(value, name) {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`\`${name}\` must be a string that isn't empty`);
}
var rightBefore;
function keyOrSlot(value, name) {
  if (value === rightBefore && value) return (
    /** @type {string} */
    value
  );
  const text = nonEmpty(value, name);
  if (/\p{Cs}/u.test(text)) throw invalid(`\`${name}\` must be valid text: it holds half of a surrogate pair`);
  rightBefore = text;
  return text;
}
function isGiven(value, name) {
  if (value == null) return false;
  if (typeof value === "object" && !Array.isArray(value) || typeof value === "function") return true;
  throw invalid(`\`${name}\` must be an object`);
}
function field(object, name) {
  try {
    return object[name];
  } catch (cause) {
    throw invalid(`\`${name}\` cannot be read, see \`cause\``, { cause });
  }
}
function callback(value, name) {
  if (value == null || typeof value === "function") return value;
  throw invalid(`\`${name}\` must be a function or null`);
}
function flag(value, name) {
  if (value === void 0 || typeof value === "boolean") return value;
  throw invalid(`\`${name}\` must be true or false`);
}
function functionToRegister(value, key) {
  if (typeof value === "function") return value;
  throw invalid(`what is registered under "${key}" must be a function`, { key });
}
function functionsOf(object) {
  const functions = [];
  if (!isGiven(object, "functions")) return functions;
  for (let at = Object.getPrototypeOf(object), above; at && (above = Object.getPrototypeOf(at)); at = above) {
    if (Object.getOwnPropertyNames(at).length > 1) {
      throw invalid("`functions` must be a plain object that names each function");
    }
  }
  for (const [key, fn] of Object.entries(object)) {
    if (fn !== void 0) functions.push([keyOrSlot(key, "functionKey"), functionToRegister(fn, key)]);
  }
  return functions;
}
function socketClass(value) {
  if (value === void 0 || typeof value === "function") return value;
  throw invalid("`WebSocket` must be a class");
}
function tokenOrFunction(value) {
  if (value == null || typeof value === "function") return value;
  return nonEmpty(value, "token");
}
function milliseconds(value) {
  if (value === void 0) return DEFAULT_TIMEOUT_MS;
  if (typeof value === "number" && value > 0) return Math.ceil(value);
  throw invalid("`timeout` must be a number of milliseconds above 0");
}
function paramsText(params) {
  if (params === void 0) return "[]";
  if (!Array.isArray(params)) throw invalid("`params` must be an array");
  let text;
  try {
    text = JSON.stringify(params);
  } catch (cause) {
    throw invalid("`params` must be what JSON can carry, see `cause`", { cause });
  }
  if (text?.[0] === "[") return text;
  throw invalid("`params` must be an array, as JSON too");
}
function slotOf(options, functionKey) {
  if (!isGiven(options, "options")) return "";
  const { state, slot } = options;
  if (slot !== void 0) keyOrSlot(slot, "slot");
  return flag(state, "state") ?? slot !== void 0 ? slot ?? functionKey : "";
}
function momentOf(options) {
  const at = options?.at;
  if (at === void 0) return 0;
  if (at > 0 && at < 2 ** 53) return Math.ceil(at);
  throw invalid("`at` must be a number of milliseconds since 1970: `room.time()` and something");
}
var baseAddress = () => globalThis.document?.baseURI ?? globalThis.location?.href.replace(/^blob:/, "");
function roomUuid(value, name) {
  const uuid = nonEmpty(value, name);
  if (/[^\w:{}-]/.test(uuid)) throw invalid(`\`${name}\` "${uuid}" ${NO_UUID}`);
  return uuid;
}
function websocketAddress(url) {
  const given = typeof url === "object" && url ? url.href : url;
  if (typeof given !== "string" || given === "") {
    throw invalid("`url` must be a string or a URL: the server's websocket address");
  }
  const base = baseAddress();
  let parsed;
  try {
    parsed = new URL(given, base);
  } catch (cause) {
    throw invalid(`\`url\` "${given}" ${base ? NO_URL : NO_PAGE}`, { cause });
  }
  const scheme = WEBSOCKET_SCHEMES[
    /** @type {keyof typeof WEBSOCKET_SCHEMES} */
    parsed.protocol
  ];
  if (!scheme) throw invalid(`\`url\` "${given}" ${OTHER_SCHEME}`);
  parsed.protocol = scheme;
  parsed.hash = "";
  return parsed.href;
}

// answer.js
var resolve;
var take = (toResolve) => {
  resolve = toResolve;
};
var PromiseMethods = (
  /** @type {any} */
  (function() {
  })
);
PromiseMethods.prototype = Promise.prototype;
var Answer = class extends PromiseMethods {
  /** The function key or slot that it is about. */
  key;
  /** @type {T | undefined} */
  #value;
  #isSettled = false;
  /** @type {import("./errors.js").RoomError | undefined} */
  #error;
  /** @type {Promise<T> | undefined} The promise, once it is made. */
  #promise;
  /** @type {any} What resolves it. */
  #resolve;
  /** @param {string} [key] */
  constructor(key) {
    super();
    this.key = key;
  }
  /** @param {T} [value] */
  settle(value) {
    this.#isSettled = true;
    this.#value = value;
    this.#resolve?.(value);
  }
  /**
   * @param {import("./errors.js").RoomError} error
   * @param {import("./page-code.js").PageCode} page
   */
  fail(error, page) {
    this.#error = error;
    if (this.#resolve) this.#resolve(Promise.reject(error));
    else setTimeout(() => this.#resolve ?? page.reportDropped(error));
    return this;
  }
  /**
   * @template U, V
   * @param {((value: T) => U | PromiseLike<U>) | null} [onFulfilled]
   * @param {((error: any) => V | PromiseLike<V>) | null} [onRejected]
   * @returns {Promise<U | V>}
   */
  then(onFulfilled, onRejected) {
    if (!this.#promise) {
      this.#promise = new Promise(take);
      this.#resolve = resolve;
      if (this.#error) resolve(Promise.reject(this.#error));
      else if (this.#isSettled) resolve(this.#value);
    }
    return this.#promise.then(onFulfilled, onRejected);
  }
};

// entry.js
function firstMessage(entry, token) {
  const status = { value: entry.uuid ? 2 : 1 };
  return JSON.stringify({ status, ...entry, token: token ?? void 0 }).slice(0, -1);
}

// connection.js
var Connection = class {
  #driver;
  #address;
  /** The class of websockets, if it is not the global one. */
  #WebSocket;
  /** The proof that this page may enter, or a function that returns it. */
  #token;
  /** @type {Socket | undefined} */
  socket;
  /**
   * The module for plain HTTP, once the server was asked over it.
   *
   * @type {typeof import("./fetch-socket.js") | undefined}
   */
  #http;
  /** Some of what was sent may still wait in the page for the network. */
  #mayHaveUnsent = false;
  /**
   * @param {import("./driver.js").Driver} driver
   * @param {Target} target
   */
  constructor(driver, { address, SocketClass, token }) {
    this.#driver = driver;
    this.#address = address;
    this.#WebSocket = SocketClass;
    this.#token = token;
  }
  /** How many bytes wait in the page for the network; undefined if that was 0 before. */
  get unsent() {
    if (!this.#mayHaveUnsent || !this.socket) return;
    const bytes = this.socket.bufferedAmount ?? 0;
    this.#mayHaveUnsent = bytes > 0;
    return bytes;
  }
  /**
   * Asks the server over plain HTTP whether it is there, or opens a websocket beside the connection
   * to see whether it opens. Tells the engine the status of the answer.
   *
   * @param {"probe" | "tryWebsocket"} how
   */
  async ask(how) {
    let status = 0;
    try {
      if (!this.#WebSocket) status = await (this.#http = await import("./fetch-socket.js"))[how](this.#address);
    } catch {
    }
    this.#tell(status);
  }
  /** @param {number} code a close code or an HTTP status */
  #tell(code) {
    this.#driver.handle((engine, now) => engine.disconnected(now, code));
  }
  /** @param {boolean} usesHttp whether to connect over plain HTTP: websockets are blocked */
  async connect(usesHttp) {
    this.disconnect();
    const placeholder = this.socket = { close() {
    } };
    let failure = NO_WEBSOCKET;
    try {
      let token = this.#token;
      if (typeof token === "function") {
        const ask = token;
        failure = NO_TOKEN;
        token = nonEmpty(await Promise.resolve().then(() => ask()), "token");
        if (placeholder !== this.socket) return;
      }
      this.#open(token, usesHttp && this.#http?.FetchSocket || this.#WebSocket || WebSocket);
    } catch (cause) {
      if (placeholder !== this.socket) return;
      const [code, message] = failure;
      this.#driver.failed(roomError([code, `${message}, see \`cause\``], { cause }));
    }
  }
  disconnect() {
    const socket = this.socket;
    if (!socket) return;
    this.socket = void 0;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
  /** Disconnects, and forgets what belongs to the page. */
  release() {
    this.disconnect();
    this.#token = void 0;
  }
  /**
   * Sends a frame. Returns how many bytes wait in the page for the network.
   *
   * @param {string} frame
   */
  send(frame) {
    const socket = this.socket;
    try {
      socket?.send?.(frame);
      this.#mayHaveUnsent = true;
    } catch {
    }
    return socket?.bufferedAmount ?? 0;
  }
  /**
   * @param {string | null | undefined} token
   * @param {typeof WebSocket} SocketClass
   */
  #open(token, SocketClass) {
    const driver = this.#driver;
    const socket = new SocketClass(this.#address);
    socket.onopen = () => driver.handle((engine, now) => engine.opened(driver.waiting.openedAt = now, firstMessage(driver.entry, token)));
    socket.onmessage = (event) => driver.receive(event);
    const onclose = socket.onclose = ({ code }) => {
      if (socket !== this.socket) return;
      this.socket = void 0;
      this.#tell(code || CONNECTION_LOST);
    };
    socket.onerror = () => socket.readyState === 0 && onclose({ code: CONNECTION_LOST });
    this.socket = /** @type {Socket} */
    socket;
  }
};

// message.js
var current;
var kept = /* @__PURE__ */ new Map();
var lastNumber = 0;
function setMessage(message) {
  current = message;
}
var valueAt = (path) => path.split(".").reduce((value, name) => value?.[name], current);
function textOf(path) {
  const value = valueAt(path);
  return typeof /** @type {unknown} */
  value === "string" && value || void 0;
}
function numberOf(path) {
  const value = (
    /** @type {unknown} */
    valueAt(path)
  );
  return typeof value === "number" || typeof value === "boolean" ? +value : NaN;
}
function keep() {
  kept.set(++lastNumber, current);
  return lastNumber;
}
function drop(number) {
  kept.delete(number);
}
function take2(number) {
  const message = kept.get(number) ?? {};
  drop(number);
  return message;
}
var paramsOf = ({ funcParams }) => Array.isArray(funcParams) ? funcParams : [];
function parse(line) {
  try {
    const value = JSON.parse(line);
    if (typeof value === "object" && value) return value;
  } catch {
  }
}

// fast-path.js
var MOST_ACTIONS = 1024;
var MOST_CHARACTERS = 1024;
var MOST_FRAME_CHARACTERS = 16 * 1024;
var UNSENT_BYTES = 64 * 1024;
var FastPath = class {
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
  #slotIndexes = /* @__PURE__ */ new Map();
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
    const hasTime = event.constructor === MessageEvent;
    this.#frame = hasTime ? (
      /** @type {MessageEvent} */
      event
    ) : { timeStamp: performance.now() };
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
      const action = (
        /** @type {OwnAction} */
        this.#unanswered[this.#written++]
      );
      const line = action.body + this.#idText(this.#id++);
      if (frame.length + line.length >= MOST_FRAME_CHARACTERS) {
        driver.connection.send(frame);
        frame = "";
      }
      frame = frame ? `${frame}
${line}` : line;
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
    const tens = Math.floor(id / 10);
    if (tens !== this.#tens) this.#idBeginning = `,"id":${this.#tens = tens}`;
    return this.#idBeginning + `${id % 10}}`;
  }
  /** Tells the engine what was written here, and what of that was answered. */
  #reportWritten() {
    const engine = this.#engine;
    const written = this.#written;
    engine.fastPathAnswered(this.#heardAt, this.#id - written - 1);
    this.#id = this.#written = 0;
    this.#unanswered.splice(0).forEach(({ functionKey, params, slot, at, answer }, index) => {
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
    if (index === void 0) this.#slotIndexes.set(slot, index = this.#engine.slotIndex(slot));
    return index;
  }
};

// parts.js
var parts = {
  text: "",
  number: 0,
  seq: 0,
  code: "",
  message: "",
  status: "connecting",
  audience: void 0
};
var note = (text, number, seq) => void Object.assign(parts, { text, number, seq });
var noteError = (code, message) => void Object.assign(parts, { code, message });
var noteStatus = (status) => void Object.assign(parts, { status, audience: void 0 });
var noteAudience = (connected, lagging) => void (parts.audience = { connected, lagging });

// pending.js
var refusal = (key) => roomError([parts.code, parts.message], key ? { key } : void 0);
var PendingPromises = class {
  #page;
  /**
   * The promises of `broadcast` and `clear`, by their tickets.
   *
   * @type {Map<number, Answer<number | undefined>>}
   */
  #answers = /* @__PURE__ */ new Map();
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
    return new Promise((resolve2) => this.#closes.push(resolve2));
  }
  /** Settles all of them, because the room is over. */
  end() {
    for (const answer of this.#answers.values()) answer.fail(roomError(UNANSWERED, { key: answer.key }), this.#page);
    for (const answer of this.#readies) answer.fail(closedError(), this.#page);
    for (const resolve2 of this.#closes) resolve2();
    this.#answers.clear();
    this.#readies = this.#closes = [];
  }
};

// steps.js
var steps = {
  connect: ({ connection }) => connection.connect(false),
  connectHttp: ({ connection }) => connection.connect(true),
  probe: ({ connection }) => connection.ask("probe"),
  tryWebsocket: ({ connection }) => connection.ask("tryWebsocket"),
  disconnect: ({ connection }) => connection.disconnect(),
  send: ({ connection }) => connection.send(parts.text),
  armTimer: ({ timer }) => timer.arm(parts.number),
  enter,
  refuse(driver) {
    driver.release();
    driver.entering.reject(driver.failure ?? refusal());
  },
  run({ page, waiting }) {
    const key = parts.text;
    const message = take2(parts.number);
    const fn = page.functions.get(key);
    if (!fn) return;
    const run = () => page.run(fn, key, paramsOf(message));
    if (message.at) waiting.hold(message.at, run);
    else run();
  },
  tellStatus({ told, page }) {
    told.status = parts.status;
    page.callBack("onstatus", parts.status);
  },
  tellCleared: ({ page }) => page.callBack("onclear", parts.text),
  tellResync: ({ page }) => page.callBack("onresync"),
  tellRetry: ({ page }) => page.callBack("onretry", refusal()),
  tellAudience({ told, page }) {
    told.audience = parts.audience;
    page.callBack("onaudience", parts.audience);
  },
  tellOwnerAway: (driver) => driver.tellOwner("away"),
  tellOwnerHere: (driver) => driver.tellOwner("here"),
  report: ({ page }) => page.report(refusal(parts.text)),
  appended: ({ promises }) => promises.takeAnswer()?.settle(parts.seq),
  replaced: ({ promises }) => promises.takeAnswer()?.settle(),
  refused({ promises, page }) {
    const answer = promises.takeAnswer();
    answer?.fail(refusal(answer.key), page);
  },
  queueHasSpace: ({ promises }) => promises.resolveReadies(parts.number),
  end
};
function enter(driver) {
  driver.told = { ...parts };
  driver.waiting.enter(() => {
    driver.entering.resolve();
    setTimeout(() => {
      driver.handle((engine) => engine.openDelivery());
      driver.talking.loadIfNeeded();
    });
  });
}
function end(driver) {
  const { code, message } = driver.failure ?? refusal();
  const { onclose, onstatus } = driver.page.callbacks;
  driver.release();
  call(driver.onEnd, code);
  call(onclose, { code, message });
  call(onstatus, "closed");
  driver.promises.end();
}

// talking.js
var Talking = class {
  /** @type {any} What roster.js has made. */
  talk;
  /** @type {object[]} What came for it before it was loaded. */
  #early = [];
  #driver;
  /** @param {import("./driver.js").Driver} driver */
  constructor(driver) {
    this.#driver = driver;
  }
  /** Who drives. */
  get driver() {
    return this.talk?.driver ?? { seat: 0, role: "creator" };
  }
  /** Loads it. */
  async load() {
    const { Talk } = await import("./roster.js");
    const driver = this.#driver;
    if (driver.isOver) throw closedError();
    return this.talk ??= new Talk(
      driver.room,
      this.#early,
      driver.connection,
      (text) => driver.submit(text, ""),
      driver.entry,
      () => driver.enterAnew(),
      () => driver.tellOwner()
    );
  }
  /**
   * Handles a message of the server, or keeps it. Returns whether it was for this alone. In
   * roster.js that has another name, because those of the classes here are shortened.
   *
   * @param {import("./message.js").Message} message
   */
  receive(message) {
    if (this.talk) return this.talk.hear(message);
    const { lane, said, driver, request, refused, revoked } = message;
    const { length } = this.#early;
    if (message.funcKey || !(length || lane || said || driver || request || refused || revoked) || length > 64) return;
    this.#early.push(message);
    if (this.#driver.told.status !== "connecting") this.loadIfNeeded();
  }
  /** Loads it if something has come for it. Before the page has its room, nothing is told. */
  loadIfNeeded() {
    const { page } = this.#driver;
    if (this.#early.length) this.load().catch((error) => page.reportDropped(error));
  }
};

// timer.js
var Timer = class {
  #onTimeout;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #handle;
  /** @param {() => void} onTimeout */
  constructor(onTimeout) {
    this.#onTimeout = onTimeout;
  }
  /**
   * Fires at this time of the page's clock, instead of an earlier one that was given.
   *
   * @param {number} at
   */
  arm(at) {
    this.disarm();
    this.#handle = setTimeout(this.#onTimeout, Math.min(at - performance.now(), LONGEST_WAIT_MS));
  }
  disarm() {
    clearTimeout(this.#handle);
  }
};

// waiting.js
var LOADING_MS = 5e3;
var Waiting = class {
  #driver;
  /**
   * How late the action is that runs: see index.d.ts.
   *
   * @type {number | undefined}
   */
  late;
  /**
   * The clock, once it is loaded.
   *
   * @type {import("./clock.js").Moments | undefined}
   */
  moments;
  /** When the connection was opened. */
  openedAt = 0;
  /**
   * The same, when its reply came, and what that says of the server's time.
   *
   * @type {[number, number, number] | undefined}
   */
  #firstExchange;
  /** @type {Promise<void> | undefined} */
  #loading;
  /**
   * The action that waits for its moment.
   *
   * @type {object | undefined}
   */
  #held;
  /** @param {import("./driver.js").Driver} driver */
  constructor(driver) {
    this.#driver = driver;
  }
  /** Whether an action waits. Nothing may be delivered meanwhile. */
  get holds() {
    return !!this.#held;
  }
  /** Loads the clock, unless that was done. Without it actions run when they arrive. */
  startClock() {
    return this.#loading ??= Promise.resolve().then(() => (init_clock(), clock_exports)).then(
      ({ Moments: Moments2 }) => {
        if (this.#driver.isOver) return;
        this.moments = new Moments2(this.#driver.connection);
        if (this.#firstExchange) this.moments.note(...this.#firstExchange);
      },
      () => {
        this.#loading = void 0;
      }
    );
  }
  /** The same, but nobody waits for long. */
  #awaitClock() {
    return Promise.race([this.startClock(), new Promise((resolve2) => setTimeout(resolve2, LOADING_MS))]);
  }
  /**
   * Notes what a message says of moments and of the server's time.
   *
   * @param {import("./message.js").Message} message
   */
  note(message) {
    if (message.at || message.clock) this.startClock();
    this.moments?.heard(message);
    if (!message.clock || !message.time) return;
    this.#firstExchange = [this.openedAt, performance.now(), message.time];
    this.moments?.note(...this.#firstExchange);
  }
  /**
   * Lets the page enter. One that wishes for the server's clock knows it from the start.
   *
   * @param {() => void} enter
   */
  enter(enter3) {
    if (this.#firstExchange && !this.moments) this.#awaitClock().then(enter3);
    else enter3();
  }
  /**
   * Runs an action at its moment. What comes after it waits.
   *
   * @param {number} at
   * @param {() => void} run
   */
  hold(at, run) {
    const held = this.#held = {};
    let hasWaited = false;
    const runNow = (late) => {
      this.late = late;
      run();
      this.late = void 0;
    };
    const release = (late) => {
      if (this.#held !== held) return;
      this.#held = void 0;
      if (hasWaited) this.#driver.deliver(() => runNow(late));
      else runNow(late);
    };
    const wait = () => this.moments ? this.moments.hold(at, release) : release(void 0);
    if (this.moments) wait();
    else this.#awaitClock().then(wait);
    hasWaited = true;
  }
  /** Drops the action that waits: the page ends its session. */
  drop() {
    this.#held = void 0;
  }
  /** The room is over. */
  stop() {
    this.drop();
    this.moments?.stop();
  }
};

// wake.js
function watchLifecycle(driver) {
  const tell = (told) => driver.handle((engine, now) => engine.lifecycle(now, told));
  const onEvent = ({ type }) => {
    if (type === HIDE_EVENT) {
      addEventListener(type, () => tell(ASLEEP), { once: true });
    } else if (type !== VISIBILITY_EVENT || !document.hidden) {
      tell(LIFECYCLE[
        /** @type {keyof typeof LIFECYCLE} */
        type
      ]);
    }
  };
  const listen = (method) => {
    for (const type in LIFECYCLE) globalThis[method]?.(type, onEvent, !!globalThis.document);
  };
  listen("addEventListener");
  return () => listen("removeEventListener");
}

// driver.js
var microtask = Promise.resolve();
var Driver = class {
  /** What the page was told last: of the parts, those that a room shows. */
  told = { ...parts, status: (
    /** @type {import("./parts.js").Status} */
    "connecting"
  ) };
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
  #stopWatching = () => {
  };
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
    for (const line of frame.includes("\n") ? frame.split("\n") : [frame]) {
      const message = parse(line);
      if (mayDeliver && message && (!this.waiting.holds && fastPath.deliver(message) || fastPath.settle(message))) continue;
      if (message?.v) this.#entered(message);
      if (message?.error?.code === "wrong_owner_key") this.entry.invite = void 0;
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
    return this.#fastPath.write(functionKey, params, slot, at) ?? this.expect(this.upToDate().broadcast(functionKey, params, slot, at, false), new Answer(slot || functionKey));
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
    Object.assign(this.entry, { uuid, ownerKey, drive: ownerKey && false, code: void 0 });
    Object.assign(this, { code, seat, role, isOwner: epoch !== void 0 });
    if (this.isOwner) this.#presence = "here";
  }
  /** @param {string} [presence] that of who drives, if it has changed */
  tellOwner(presence = this.#presence) {
    this.page.callBack("onowner", this.#presence = presence, this.talking.driver);
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
    if (unsent !== void 0) this.upToDate().buffered(performance.now(), unsent);
    for (let step; step = this.upToDate().nextStep(mayDeliver && !this.waiting.holds); ) steps[step](this);
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
};

// page-code.js
var PageCode = class {
  /** @type {Callbacks} */
  callbacks;
  /**
   * Function key → function.
   *
   * @type {Map<string, PageFunction>}
   */
  functions = /* @__PURE__ */ new Map();
  /** The page was told that something failed because the room is over. */
  #hasReportedEnd = false;
  /** @param {Callbacks} callbacks */
  constructor(callbacks) {
    this.callbacks = callbacks;
  }
  /**
   * Runs a function.
   *
   * @param {PageFunction} fn
   * @param {string} key
   * @param {unknown[]} params
   */
  run(fn, key, params) {
    try {
      const result = (
        /** @type {any} */
        fn(...params)
      );
      if (result?.then) Promise.resolve(result).catch((cause) => this.#reportFailed(key, cause));
    } catch (cause) {
      this.#reportFailed(key, cause);
    }
  }
  /**
   * @param {string} name
   * @param {unknown[]} args
   */
  callBack(name, ...args) {
    call(this.callbacks[name], ...args);
  }
  /** @param {import("./errors.js").RoomError} error */
  report(error) {
    if (this.callbacks.onerror) return this.callBack("onerror", error);
    log("warn", error);
  }
  /**
   * Reports the failure of a promise that nobody awaits. Of those that fail because the room is
   * over, it reports the first.
   *
   * @param {import("./errors.js").RoomError} error
   */
  reportDropped(error) {
    if (error.code === CLOSED[0]) {
      if (this.#hasReportedEnd) return;
      this.#hasReportedEnd = true;
    }
    this.report(error);
  }
  /**
   * @param {string} key
   * @param {unknown} cause
   */
  #reportFailed(key, cause) {
    const message = `the function registered under "${key}" failed, see \`cause\``;
    this.report(roomError(["function_failed", message], { key, cause }));
  }
  /** Forgets all of it, because it may refer to the room. `onerror` may still be called. */
  release() {
    this.callbacks = { onerror: this.callbacks.onerror };
    this.functions.clear();
  }
};

// shell.js
var CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience", "onroster", "onlane", "onsaid", "oncounts", "onrecording", "onretry", "onrequest"];
var prototype = Object.defineProperty({}, Symbol.toStringTag, { value: "Room" });
function shellOf(room, driver) {
  const { constructor, ...members } = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(room));
  for (const [name, member] of Object.entries(members)) {
    for (
      const kind of
      /** @type {const} */
      ["value", "get", "set"]
    ) member[kind] &&= member[kind].bind(room);
    member.enumerable = !!member.get && !member.set && name !== "ownerKey";
  }
  for (const name of CALLBACKS) {
    members[name] = {
      get: () => driver.page.callbacks[name],
      set(value) {
        const checked = callback(value, name);
        if (!driver.isOver) driver.page.callbacks[name] = checked;
      }
    };
  }
  for (const name of ["roster", "lane", "vote", "invite", "requestControl", "handOver", "takeBack", "revoke"]) {
    members[name] = { value: async (...args) => (await driver.talking.load())[name](...args) };
  }
  for (const name of ["send", "react"]) members[name] = { value: (...args) => !!driver.talking.talk?.[name](...args) };
  return Object.create(prototype, members);
}

// room.js
var CONSTANT = (
  /** @type {const} */
  ["uuid", "code", "resumed"]
);
var WISHES = ["shareAudience", "clock", "code", "shareRoster"];
function enter2(engines, url, joins, uuid, options, onEnd) {
  return new Promise((resolve2, reject) => new Room(engines, url, joins, uuid, options, onEnd, { resolve: resolve2, reject }));
}
var Room = class {
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
  constructor(engines, url, joins, uuid, options, onEnd, { resolve: resolve2, reject }) {
    let functions = [];
    const callbacks = {};
    let timeout, SocketClass, token;
    let lanes;
    const session = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const entry = { v: 2, session };
    if (joins) entry.uuid = roomUuid(uuid, "uuid");
    const address = websocketAddress(url);
    if (isGiven(options, "options")) {
      if (joins) {
        const name = field(options, "name");
        if (name !== void 0) entry.name = keyOrSlot(name, "name");
        const invite = field(options, "invite");
        if (invite !== void 0) entry.invite = nonEmpty(invite, "invite");
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
        for (const name of CONSTANT) Object.defineProperty(this.#shell, name, { value: this[name] });
        if (lanes) this.#driver.talking.load().then((talk) => talk.openAll(lanes)).catch((error) => this.#driver.page.reportDropped(error));
        resolve2(this.#shell);
      },
      reject
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
    return this.ownerKey ? "creator" : this.#driver.role ?? "follower";
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
      return this.#failed(Object.assign(
        /** @type {Error} */
        error,
        key && { key }
      ));
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
  #failed(error) {
    return this.#driver.promises.failed(error);
  }
};
export {
  drop,
  enter2 as enter,
  keep,
  note,
  noteAudience,
  noteError,
  noteStatus,
  numberOf,
  paramsOf,
  parse,
  parts,
  setMessage,
  take2 as take,
  textOf
};
