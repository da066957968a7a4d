// The page's side of a room: its socket, timer, promises and callbacks. What is to be done with them the core decides,
// which is Rust; src/bridge.rs says how the two talk. What all of it means to a page stands in npm/index.d.ts.

const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience"];

/** By the core's numbers: `status` in src/bridge.rs. */
const STATUS = ["connecting", "connected", "catching-up", "reconnecting", "closed"];

/** What the core wants, by its numbers: `Bridge::put_down` in src/bridge.rs. */
const CONNECT = -1;
const DISCONNECT = -2;
const SEND = -3;
const ARM = -4;
const ENTER = -5;
const REFUSE = -6;
const RUN = -7;
const TELL_STATUS = -8;
const TELL_CLEARED = -9;
const TELL_RESYNC = -10;
const TELL_AUDIENCE = -11;
const TELL_OWNER = -12;
const REPORT_NO_FUNCTION = -13;
const REPORT_UNREADABLE = -14;
const REPORT_REFUSAL = -15;
const APPENDED = -16;
const REPLACED = -17;
const NOT_TAKEN = -18;
const HAS_ROOM = -19;
const END = -20;

const DEFAULT_TIMEOUT_MS = 15_000;

/** The longest wait that a browser's timer takes; a longer one would fire at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

const now = () => performance.now();

/**
 * The promise of `create` and `join`.
 *
 * @param core a `Bridge` that has not begun
 * @param joins or else creates a room, or claims that of the options
 * @param onEnd told the code of the room's end, before any callback
 */
export function enter(core, url, joins, uuid, options, onEnd) {
  return new Promise((resolve, reject) => new Room(core, url, joins, uuid, options, onEnd, { resolve, reject }));
}

/** A text in a message of the server, by its path. */
export function text(message, path) {
  const value = inside(message, path);
  return typeof value === "string" ? value : undefined;
}

/** A number in a message of the server; 1 for true, 0 for false, NaN for anything else. */
export function number(message, path) {
  const value = inside(message, path);
  return typeof value === "number" || typeof value === "boolean" ? +value : NaN;
}

const inside = (message, path) => path.split(".").reduce((value, name) => value?.[name], message);

class Room {
  #core;
  #address;
  #resumed;
  /** The promise of `create` or `join`. */
  #entry;
  #onEnd;
  /** The class to make websockets of, instead of the global one. */
  #WebSocket;
  #socket;
  /** Some of what was sent may still wait in the page for the network. */
  #unsent = false;
  /** What the browser threw when it was asked for a websocket. */
  #noSocket;
  #timer;
  /** Listens to what wakes the page. */
  #onWake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    this.#core.wake(now());
    this.#pump();
  };
  /** The page's code is running, called from here: whatever it causes waits until it has returned. */
  #delivering = false;
  #pumpIsDue = false;
  #over = false;
  #callbacks = {};
  /** The page's functions, under the numbers that the core has for them. */
  #functions = new Map();
  #lastFunction = 0;
  /** The promises of `broadcast` and `clear`, under their tickets. */
  #answers = new Map();
  /** The promises of `ready`. */
  #waiting = [];
  /** The promises of `close`. */
  #closers = [];

  constructor(core, url, joins, uuid, options, onEnd, entry) {
    const functions = [];
    let ownerKey, timeout, shareAudience;
    if (joins) nonEmpty(uuid, "uuid");
    this.#address = websocketAddress(url);
    if (isGiven(options, "options")) {
      if (!joins) {
        const claim = field(options, "claim");
        if (isGiven(claim, "claim")) {
          uuid = nonEmpty(field(claim, "uuid"), "claim.uuid");
          ownerKey = nonEmpty(field(claim, "ownerKey"), "claim.ownerKey");
        }
        shareAudience = flag(field(options, "shareAudience"), "shareAudience");
      }
      for (const name of CALLBACKS) this.#callbacks[name] = callback(field(options, name), name);
      const registered = field(options, "functions");
      if (isGiven(registered, "functions")) {
        for (const [key, fn] of Object.entries(registered)) {
          functions.push([nonEmpty(key, "functionKey"), functionToRegister(fn)]);
        }
      }
      timeout = field(options, "timeout");
      this.#WebSocket = socketClass(field(options, "WebSocket"));
    }
    timeout = milliseconds(timeout);
    this.#core = core;
    this.#entry = entry;
    this.#onEnd = onEnd;
    this.#resumed = ownerKey !== undefined;
    // 128 bits name the session, 32 spread its reconnects. `crypto.randomUUID` would be shorter, but insecure contexts
    // lack it.
    const [seed, ...name] = crypto.getRandomValues(new Uint32Array(5));
    core.start(now(), uuid, ownerKey, name.join("-"), seed, timeout, !!shareAudience);
    for (const [key, fn] of functions) this.#register(key, fn);
    this.#listen("addEventListener");
    this.#pump();
  }

  get uuid() {
    return this.#core.uuid();
  }

  get isOwner() {
    return this.#core.is_owner();
  }

  get connected() {
    return this.status === "connected" || this.status === "catching-up";
  }

  get status() {
    return STATUS[this.#core.status()];
  }

  get ownerKey() {
    return this.#core.owner_key();
  }

  get resumed() {
    return this.#resumed;
  }

  get audience() {
    const connected = this.#core.connected();
    return connected < 0 ? undefined : { connected, lagging: this.#core.lagging() };
  }

  broadcast(functionKey, params, options) {
    try {
      nonEmpty(functionKey, "functionKey");
    } catch (error) {
      return Promise.reject(error);
    }
    try {
      const text = paramsText(params);
      const slot = slotOf(options, functionKey);
      return this.#answer(this.#core.broadcast(functionKey, text, slot), slot ?? functionKey);
    } catch (error) {
      return Promise.reject(about(functionKey, error));
    }
  }

  clear(slot) {
    try {
      return this.#answer(this.#core.clear(nonEmpty(slot, "slot")), slot);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ready() {
    if (this.#over) return Promise.reject(closed());
    this.#core.await_room();
    this.#pumpSoon();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  on(functionKey, fn) {
    nonEmpty(functionKey, "functionKey");
    functionToRegister(fn);
    if (!this.#over) {
      this.#register(functionKey, fn);
      // What was kept for it is delivered soon, not now: the caller isn't through with its code.
      this.#pumpSoon();
    }
    return this;
  }

  off(functionKey) {
    this.#functions.delete(this.#core.unregister(nonEmpty(functionKey, "functionKey")));
    return this;
  }

  get detached() {
    return this.#core.is_detached();
  }

  get behind() {
    return this.#core.behind();
  }

  detach() {
    if (this.isOwner) throw roomError("not_follower", "an owner can't detach: it follows nobody");
    this.#core.detach();
  }

  follow(catchUp = "state") {
    if (catchUp !== "state" && catchUp !== "every") throw invalid('`catchUp` must be "state" or "every"');
    this.#core.follow(catchUp === "every");
    // Delivered soon, not now: the caller isn't through with its code.
    this.#pumpSoon();
  }

  close() {
    if (this.#over) return Promise.resolve();
    const ended = new Promise((resolve) => this.#closers.push(resolve));
    this.#core.close(now());
    // The page may be going away: what can be sent is sent now, and only what calls the page back waits.
    this.#do(false);
    this.#pumpSoon();
    return ended;
  }

  static {
    for (const name of CALLBACKS) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        get() {
          return this.#callbacks[name];
        },
        set(value) {
          callback(value, name);
          // When all is over it would never be called, and only keep alive what it refers to.
          if (!this.#over) this.#callbacks[name] = value;
        },
      });
    }
  }

  #register(key, fn) {
    this.#functions.set(++this.#lastFunction, fn);
    this.#functions.delete(this.#core.register(key, this.#lastFunction));
  }

  /** The promise of an action's answer; without a ticket it was not taken. */
  #answer(ticket, key) {
    if (ticket === 0) return Promise.reject(about(key, this.#error()));
    this.#pumpSoon();
    return new Promise((resolve, reject) => this.#answers.set(ticket, { resolve, reject, key }));
  }

  /** The promise that the answer told by the core is for. */
  #answered() {
    const ticket = this.#core.number();
    const answer = this.#answers.get(ticket);
    this.#answers.delete(ticket);
    return answer;
  }

  #pumpSoon() {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    queueMicrotask(() => {
      this.#pumpIsDue = false;
      this.#pump();
    });
  }

  #pump() {
    if (this.#delivering) return this.#do(false);
    this.#delivering = true;
    this.#do(true);
    this.#delivering = false;
  }

  /** Does what the core wants; what may run the page's code only if `tells`. */
  #do(tells) {
    if (this.#unsent && this.#socket) {
      const bytes = this.#socket.bufferedAmount;
      this.#unsent = bytes > 0;
      this.#core.buffered(now(), bytes);
    }
    for (let step; (step = this.#core.next(tells)) !== 0; ) this.#take(step);
  }

  /** A frame has come: messages joined by newlines, which no message contains. */
  #received(frame) {
    if (typeof frame !== "string") return;
    const core = this.#core;
    const at = now();
    const tells = !this.#delivering;
    this.#delivering = true;
    let more = true;
    for (const line of frame.split("\n")) {
      const message = parse(line);
      const key = message?.funcKey;
      if (typeof key === "string" && key !== "") {
        const { seq, stateMessage, slot } = message;
        const params = Array.isArray(message.funcParams) ? message.funcParams : [];
        const retained = stateMessage ? (typeof slot === "string" ? slot : key) : undefined;
        const step = core.action(at, seq, key, params, retained, line.length, tells);
        // Mostly it is to be run at once, and nothing else is to be done.
        more = step <= 0 || step % 2 === 1;
        if (step > 0) this.#run(step >> 1, key, params);
        else if (step < 0) this.#take(step);
        if (more) this.#do(tells);
      } else {
        if (message) {
          core.message(at, message);
        } else {
          // In its place among what is told.
          this.#do(tells);
          core.unreadable();
        }
        more = true;
      }
    }
    if (more) this.#do(tells);
    this.#delivering = !tells;
  }

  #take(step) {
    const core = this.#core;
    switch (step) {
      case CONNECT:
        return this.#connect();
      case DISCONNECT:
        return this.#disconnect();
      case SEND:
        return this.#send(core.text());
      case ARM:
        return this.#arm(core.number() - now());
      case ENTER:
        return this.#entered();
      case REFUSE:
        this.#release();
        return this.#entry.reject(this.#ending());
      case RUN:
        return this.#run(core.number(), core.text(), core.params());
      case TELL_STATUS:
        return this.#tell("onstatus", this.status);
      case TELL_CLEARED:
        return this.#tell("onclear", core.text());
      case TELL_RESYNC:
        return this.#tell("onresync");
      case TELL_AUDIENCE:
        return this.#tell("onaudience", this.audience);
      case TELL_OWNER:
        return this.#tell("onowner", core.text());
      case REPORT_NO_FUNCTION:
        return this.#report(noFunction(core.text()));
      case REPORT_UNREADABLE:
        return this.#report(roomError("malformed", "the server sent something that isn't JSON, which was skipped; not reported again"));
      case REPORT_REFUSAL:
        return this.#report(this.#error());
      case APPENDED:
        return this.#answered()?.resolve(core.number());
      case REPLACED:
        return this.#answered()?.resolve();
      case NOT_TAKEN: {
        const answer = this.#answered();
        return answer?.reject(about(answer.key, this.#error()));
      }
      case HAS_ROOM:
        return this.#waiting.splice(0, core.number()).forEach(({ resolve }) => resolve());
      case END:
        return this.#end();
    }
  }

  #connect() {
    let socket;
    try {
      socket = new (this.#WebSocket ?? WebSocket)(this.#address);
    } catch (cause) {
      this.#noSocket = cause;
      return this.#core.close(now());
    }
    socket.onopen = () => {
      this.#core.opened(now());
      this.#pump();
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code }) => {
      this.#core.disconnected(now(), code);
      this.#pump();
    };
    // What an error tells, the close tells too, but an emitter as Node's `ws` throws an error that nobody listens for. It
    // outlives the socket, which can fail after it was given up.
    socket.onerror = () => {};
    this.#socket = socket;
  }

  #disconnect() {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #send(frame) {
    try {
      this.#socket?.send(frame);
      this.#unsent = true;
    } catch {
      // It throws only while the socket is being opened, when the core sends nothing. A socket that is closing takes what
      // it is given without a word; the core sends it again on the next one.
    }
  }

  #arm(wait) {
    clearTimeout(this.#timer);
    const fire = () => {
      this.#core.timeout(now());
      this.#pump();
    };
    this.#timer = setTimeout(fire, Math.min(wait, LONGEST_WAIT_MS));
  }

  #listen(method) {
    // What an environment doesn't have (a worker no document) is left out. A socket that is cut while the browser is
    // offline often gets no close event: without asking, the page would go on saying that it is connected until the
    // next heartbeat.
    for (const event of ["online", "offline", "pageshow"]) globalThis[method]?.(event, this.#onWake);
    globalThis.document?.[method]("visibilitychange", this.#onWake);
  }

  #entered() {
    this.#entry.resolve(this);
    // What the page registers before the next task misses nothing.
    setTimeout(() => {
      this.#core.open();
      this.#pump();
    });
  }

  #run(number, key, params) {
    const fn = this.#functions.get(number);
    try {
      fn(...params);
    } catch (cause) {
      const message = `the function registered under "${key}" threw, see \`cause\``;
      this.#report(roomError("function_failed", message, { key, cause }));
    }
  }

  #tell(name, argument) {
    call(this.#callbacks[name], argument);
  }

  #report(error) {
    if (this.#callbacks.onerror) return this.#tell("onerror", error);
    log("warn", error);
  }

  /** The error whose code and message the core tells. */
  #error() {
    return roomError(this.#core.text(), this.#core.text());
  }

  #ending() {
    const error = this.#error();
    if (!this.#noSocket) return error;
    return roomError("connection_failed", "the browser refused to open the websocket, see `cause`", {
      cause: this.#noSocket,
    });
  }

  #end() {
    const { code, message } = this.#ending();
    const { onclose, onstatus } = this.#callbacks;
    const [answers, waiting, closers] = [this.#answers, this.#waiting, this.#closers];
    this.#release();
    call(this.#onEnd, code);
    call(onclose, { code, message });
    call(onstatus, "closed");
    const unanswered = "the room ended before the server had answered: it is unknown whether this was taken";
    for (const { reject, key } of answers.values()) reject(roomError("closed", unanswered, { key }));
    for (const { reject } of waiting) reject(closed());
    for (const resolve of closers) resolve();
  }

  /** Lets go of all that the browser could call, and of the page's functions, which may refer to the room. */
  #release() {
    this.#over = true;
    this.#disconnect();
    clearTimeout(this.#timer);
    this.#listen("removeEventListener");
    this.#callbacks = {};
    this.#functions.clear();
    this.#answers = new Map();
    this.#waiting = [];
    this.#closers = [];
  }
}

/** @param details `key`: the function key or slot concerned; `cause`: what was thrown */
function roomError(code, message, details) {
  return Object.assign(new Error(message), { name: "RoomError", code, ...details });
}

function noFunction(key) {
  const message = `no function is registered under "${key}": use \`on\` or the option \`functions\`; not reported again`;
  return roomError("no_function", message, { key });
}

const invalid = (message, details) => roomError("invalid_argument", message, details);

const closed = () => roomError("closed", "the room is closed on this page");

/** The error, with the function key or slot concerned. */
const about = (key, error) => Object.assign(error, { key });

/** Calls a callback of the page's, if there is one; what it throws goes to the console. */
function call(callback, argument) {
  try {
    callback?.(argument);
  } catch (thrown) {
    log("error", thrown);
  }
}

function log(level, value) {
  try {
    console[level](value);
  } catch {
    // Pages and test runners replace the console's functions, and some of what they put there throws.
  }
}

/** The object in a line of JSON; undefined if it is anything else. */
function parse(line) {
  try {
    const value = JSON.parse(line);
    if (typeof value === "object" && value) return value;
  } catch {
    // Reported by the caller.
  }
}

/** A string that says something. */
function nonEmpty(value, name) {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`\`${name}\` must be a string that isn't empty`);
}

/** Whether an object that may be left out is there. */
function isGiven(value, name) {
  if (value == null) return false;
  if (typeof value === "object" || typeof value === "function") return true;
  throw invalid(`\`${name}\` must be an object`);
}

/** A field of an object of the page's. */
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
  if (value === undefined || typeof value === "boolean") return value;
  throw invalid(`\`${name}\` must be true or false`);
}

function functionToRegister(value) {
  if (typeof value === "function") return value;
  throw invalid("what is registered must be a function");
}

function socketClass(value) {
  if (value === undefined || typeof value === "function") return value;
  throw invalid("`WebSocket` must be a class");
}

function milliseconds(value) {
  if (value === undefined) return DEFAULT_TIMEOUT_MS;
  // Infinity is a number too: as good as never.
  if (typeof value === "number" && value > 0) return Math.ceil(value);
  throw invalid("`timeout` must be a number of milliseconds above 0");
}

/** The params of an action as JSON text. */
function paramsText(params) {
  if (params === undefined) return "[]";
  if (!Array.isArray(params)) throw invalid("`params` must be an array");
  let text;
  try {
    text = JSON.stringify(params);
  } catch (cause) {
    throw invalid("`params` must be what JSON can carry, see `cause`", { cause });
  }
  // A page may have given arrays a `toJSON` of its own.
  if (text?.[0] === "[") return text;
  throw invalid("`params` must be an array, as JSON too");
}

/** Where an action is to be retained, by the options of `broadcast`. */
function slotOf(options, functionKey) {
  if (!isGiven(options, "options")) return undefined;
  const { state, slot } = options;
  if (slot !== undefined) nonEmpty(slot, "slot");
  return (flag(state, "state") ?? slot !== undefined) ? (slot ?? functionKey) : undefined;
}

/** A `ws:` or `wss:` address from a string or a `URL`: absolute, or relative to the page. */
function websocketAddress(url) {
  const given = typeof url === "object" && url ? url.href : url;
  if (typeof given !== "string" || given === "") {
    throw invalid("`url` must be a string or a URL: the server's websocket address");
  }
  let parsed;
  try {
    // Outside of pages and workers there is no location.
    parsed = new URL(given, globalThis.location?.href);
  } catch (cause) {
    throw invalid(`\`url\` "${given}" is no valid URL`, { cause });
  }
  // http: and https: become ws: and wss:.
  parsed.protocol = parsed.protocol.replace(/^http/, "ws");
  if (!/^wss?:$/.test(parsed.protocol)) {
    throw invalid(`\`url\` "${given}" must begin with ws:, wss:, http: or https:, or be relative to such a page`);
  }
  // A websocket's address has no fragment; older browsers refuse one.
  parsed.hash = "";
  return parsed.href;
}
