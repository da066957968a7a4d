// The page's side of a room: its socket, timer, promises and callbacks. The engine, which is Rust,
// decides what to do with them; src/bridge.rs documents how the two talk. What a page sees is
// documented in npm/index.d.ts.

const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience"];

/** The statuses by their numbers: `encode_status` in src/bridge.rs. */
const STATUSES = ["connecting", "connected", "catching-up", "reconnecting", "closed"];

/** What the engine can be called for: src/opcode.rs. Calls up to `MESSAGE` give the time. */
const CREATE = 0;
const JOIN = 1;
const CLAIM = 2;
const SHARE_AUDIENCE = 3;
const OPENED = 4;
const DISCONNECTED = 5;
const TIMEOUT = 6;
const WAKE = 7;
const BUFFERED = 8;
const CLOSE = 9;
const MESSAGE = 10;
const UNREADABLE = 11;
const OPEN_DELIVERY = 12;
const AWAIT_QUEUE_SPACE = 13;
const BROADCAST = 14;
const CLEAR = 15;
const REGISTER = 16;
const UNREGISTER = 17;
const UUID = 18;
const OWNER_KEY = 19;
const IS_OWNER = 20;
const STATUS = 21;
const AUDIENCE_CONNECTED = 22;
const AUDIENCE_LAGGING = 23;
const NEXT_STEP = 24;
const FIRST_NUMBER = 25;
const SECOND_NUMBER = 34;
const FAST_PATH_SEQ = 26;
const FAST_PATH_DELIVERED = 27;
const SLOT_INDEX = 28;
const SLOT_WRITTEN = 29;
const DETACH = 30;
const IS_DETACHED = 31;
const BEHIND = 32;
const FOLLOW = 33;
const NEW_ENGINE = 35;
const FREE_ENGINE = 36;
const ALLOCATE_TEXT = 37;
const TEXT_WRITTEN = 38;
const READ_TEXT = 39;
const READ_TEXT_LENGTH = 40;
const FAST_PATH_ID = 41;
const FAST_PATH_ANSWERED = 42;

/** The steps that the engine asks for: `Bridge::encode_step` in src/bridge.rs. */
const CONNECT = -1;
const DISCONNECT = -2;
const SEND = -3;
const ARM_TIMER = -4;
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
const ACTION_APPENDED = -16;
const ACTION_REPLACED = -17;
const ACTION_REFUSED = -18;
const QUEUE_HAS_SPACE = -19;
const END = -20;

const TOO_LARGE = "message_too_large";

const CLOSED = ["closed", "the room is closed on this page"];

/** Why an action was not accepted: `Bridge::encode_ticket` in src/bridge.rs. */
const NOT_SENT = [
  ,
  ["not_owner", "only the room's owner can broadcast"],
  CLOSED,
  ["invalid_argument", "a function key or slot must not be empty"],
  ["queue_full", "too many actions wait for the server: slow down, or wait until the connection is back"],
  [TOO_LARGE, "the action is larger than the server takes: send less in one action"],
];

/** Why a room ended, unless the server refused it: `Bridge::encode_reason` in src/bridge.rs. */
const ENDINGS = [
  ["closed", "the room was closed by its owner, or had none for too long"],
  ,
  ["superseded", "another page took this room over with its owner key: claim it again to take it back"],
  [
    "connection_failed",
    "the server could not be reached in time: check its address, the network and that it allows this page's origin",
  ],
];
const LEFT = 1;

const DEFAULT_TIMEOUT_MS = 15_000;

/** The longest wait of a browser's timer. A timer with a longer one fires at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * The bounds of what may be written on the fast path, as in the protocol's session/fast_path.rs:
 * the number of actions, and the characters of an action and of a frame. The characters are a third
 * of the bytes there, because a character takes at most three bytes.
 */
const FAST_PATH_ACTIONS = 1024;
const FAST_PATH_CHARACTERS = 1024;
const FAST_PATH_FRAME_CHARACTERS = 16 * 1024;

/** Above this many bytes that wait for the network, the engine is told of them at once. */
const UNSENT_BYTES = 64 * 1024;

const now = () => performance.now();

/** `microtask.then` runs a function in a microtask, in a third of the time of `queueMicrotask`. */
const microtask = Promise.resolve();

/** The exports of the WebAssembly. */
let wasm;

/** Sets the instance of the WebAssembly that has all engines, by its exports. */
export function useModule(exports) {
  wasm = exports;
}

/** Calls an engine: `rtbroadcaster_call` in src/engines.rs. */
const callEngine = (engine, opcode, number = 0, now = 0) => wasm.rtbroadcaster_call(engine, opcode, now, number);

/** A piece of the WebAssembly's memory. It is valid until the next call. */
const memory = (address, bytes) => new Uint8Array(wasm.memory.buffer, address, bytes);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes a text for an engine: an argument of the next call. */
function writeText(engine, text) {
  // A unit of UTF-16 takes at most three bytes in UTF-8.
  const space = 3 * text.length;
  callEngine(engine, TEXT_WRITTEN, encoder.encodeInto(text, memory(callEngine(engine, ALLOCATE_TEXT, space), space)).written);
}

/** Reads the next text of an engine's step or answer. */
const readText = (engine) => decoder.decode(memory(callEngine(engine, READ_TEXT), callEngine(engine, READ_TEXT_LENGTH)));

/** Frees the engine of a room that was collected as garbage. */
const finalizer = new FinalizationRegistry((engine) => callEngine(engine, FREE_ENGINE));

/**
 * Enters a room; returns the promise of `create` and `join`.
 *
 * @param joins whether to join; otherwise a room is created, or the one in the options is claimed
 * @param onEnd called with the code of the room's end, before any callback
 */
export function enter(url, joins, uuid, options, onEnd) {
  return new Promise((resolve, reject) => new Room(url, joins, uuid, options, onEnd, { resolve, reject }));
}

/** The message of the server that the engine reads now. */
let currentMessage;

/**
 * The paths of fields, from names separated by spaces. Every page loads them, and this takes half
 * the characters of lists.
 */
const paths = (names) => names.split(" ").map((name) => name.split("."));

/**
 * The texts of a message that the engine is given, in the reverse order of `Text` in src/fields.rs.
 */
const TEXTS = paths("error.message error.code ownerKey uuid owner clear slot funcKey");

/** The numbers of a message that the engine asks for, in the order of `Number` there. */
const NUMBERS = paths(
  "seq stateMessage v epoch ack synced shutdown ping pong limits.messageBytes limits.queueActions limits.queueBytes " +
    "limits.heartbeat status.value resync audience.connected audience.lagging error.id error.retryAfterMs",
);

const valueAt = (path) => path.reduce((value, name) => value?.[name], currentMessage);

/** A text of the current message; empty if it has none. */
const textAt = (path) => {
  const value = valueAt(path);
  return typeof value === "string" ? value : "";
};

/** A number of the current message; 1 for true, 0 for false, NaN for anything else. */
export function number(field) {
  const value = valueAt(NUMBERS[field]);
  return typeof value === "number" || typeof value === "boolean" ? +value : NaN;
}

/** The params that engines hold, by their numbers. */
const keptParams = new Map();
let lastKeptNumber = 0;

/** Keeps the params of the current message, and returns their number. */
export function keep() {
  keptParams.set(++lastKeptNumber, paramsOf(currentMessage));
  return lastKeptNumber;
}

/** Drops the params with this number. */
export function drop(number) {
  keptParams.delete(number);
}

const paramsOf = ({ funcParams }) => (Array.isArray(funcParams) ? funcParams : []);

class Room {
  #engine;
  #address;
  #resumed;
  /** Settles the promise of `create` or `join`. */
  #pendingRoom;
  #onEnd;
  /** The class of websockets, if it is not the global one. */
  #WebSocket;
  /** The number of attempts in a row to open a websocket. */
  #attempts = 0;
  /** The proof that this page may enter, or a function that returns it. */
  #token;
  #socket;
  /** Some of what was sent may still wait in the page for the network. */
  #mayHaveUnsent = false;
  /** Why this page gave up, if the engine can't know it: there is no websocket, or no token. */
  #failure;
  #timer;
  /** The listener of events that wake the page. */
  #onWake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    this.#handle(WAKE);
  };
  /**
   * The page's code is running, called from here. Deliveries that it causes wait until it returns.
   */
  #delivering = false;
  #pumpIsDue = false;
  #onMicrotask = () => {
    this.#pumpIsDue = false;
    this.#pump();
  };
  #isOver = false;
  #callbacks = {};
  /** Function key → function. */
  #functions = new Map();
  /** The seq of the action that may be delivered on the fast path; 0 if that isn't known. */
  #fastPathSeq = 0;
  /**
   * The seq of the first action delivered on the fast path that the engine was not told of. It is
   * told before any other call.
   */
  #unreportedSeq = 0;
  /** The event with the last frame. */
  #lastFrameEvent;
  /** Slot → its index in the engine. The indexes are valid until the engine gets a message. */
  #slotIndexes = new Map();
  /** The id of the next action that may be written on the fast path; 0 if that isn't known. */
  #fastPathId = 0;
  /**
   * The actions of this task that will be written on the fast path, and those that were written so
   * and are not answered.
   */
  #unwritten = [];
  #unanswered = [];
  /** The promises of `broadcast` and `clear`, by their tickets. */
  #pendingAnswers = new Map();
  /** The promises of `ready`. */
  #pendingReady = [];
  /** The promises of `close`. */
  #pendingCloses = [];

  constructor(url, joins, uuid, options, onEnd, pending) {
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
      this.#token = tokenOrFunction(field(options, "token"));
    }
    timeout = milliseconds(timeout);
    this.#engine = callEngine(0, NEW_ENGINE);
    finalizer.register(this, this.#engine);
    this.#pendingRoom = pending;
    this.#onEnd = onEnd;
    this.#resumed = ownerKey !== undefined;
    // 128 bits. `crypto.randomUUID` would be shorter, but insecure contexts lack it.
    const session = crypto.getRandomValues(new Uint32Array(4)).join("-");
    if (shareAudience) this.#call(SHARE_AUDIENCE);
    const goal = joins ? JOIN : this.#resumed ? CLAIM : CREATE;
    this.#call(goal, timeout, ...[ownerKey, uuid, session].filter((text) => text !== undefined));
    for (const [key, fn] of functions) this.#register(key, fn);
    this.#listen("addEventListener");
    this.#pump();
  }

  get uuid() {
    return this.#call(UUID) ? readText(this.#engine) : "";
  }

  get isOwner() {
    return this.#call(IS_OWNER) === 1;
  }

  get connected() {
    return this.status === "connected" || this.status === "catching-up";
  }

  get status() {
    return STATUSES[this.#call(STATUS)];
  }

  get ownerKey() {
    return this.#call(OWNER_KEY) ? readText(this.#engine) : undefined;
  }

  get resumed() {
    return this.#resumed;
  }

  get audience() {
    const connected = this.#call(AUDIENCE_CONNECTED);
    return connected < 0 ? undefined : { connected, lagging: this.#call(AUDIENCE_LAGGING) };
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
      const texts = slot === undefined ? [text, functionKey] : [slot, text, functionKey];
      const key = slot ?? functionKey;
      return this.#writeOnFastPath(functionKey, text, slot, texts, key) ?? this.#awaitAnswer(this.#call(BROADCAST, 0, ...texts), key);
    } catch (error) {
      return Promise.reject(withKey(functionKey, error));
    }
  }

  clear(slot) {
    try {
      return this.#awaitAnswer(this.#call(CLEAR, 0, nonEmpty(slot, "slot")), slot);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ready() {
    if (this.#isOver) return Promise.reject(closedError());
    this.#call(AWAIT_QUEUE_SPACE);
    this.#pumpSoon();
    return new Promise((resolve, reject) => this.#pendingReady.push({ resolve, reject }));
  }

  on(functionKey, fn) {
    nonEmpty(functionKey, "functionKey");
    functionToRegister(fn);
    if (!this.#isOver) {
      this.#register(functionKey, fn);
      // State messages that waited for it are delivered soon and not now: the page's code is
      // running.
      this.#pumpSoon();
    }
    return this;
  }

  off(functionKey) {
    this.#call(UNREGISTER, 0, nonEmpty(functionKey, "functionKey"));
    this.#functions.delete(functionKey);
    return this;
  }

  get detached() {
    return this.#call(IS_DETACHED) === 1;
  }

  get behind() {
    return this.#call(BEHIND);
  }

  detach() {
    if (this.isOwner) throw roomError("not_follower", "an owner can't detach: it follows nobody");
    this.#call(DETACH);
  }

  follow(catchUp = "state") {
    if (catchUp !== "state" && catchUp !== "every") throw invalid('`catchUp` must be "state" or "every"');
    this.#call(FOLLOW, +(catchUp === "every"));
    // The backlog is delivered soon and not now: the page's code is running.
    this.#pumpSoon();
  }

  close() {
    if (this.#isOver) return Promise.resolve();
    const ended = new Promise((resolve) => this.#pendingCloses.push(resolve));
    this.#call(CLOSE);
    // The page may be going away. So what can be sent is sent now; only the callbacks wait.
    this.#runSteps(false);
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
          // After the end it would never be called, and only keep alive what it refers to.
          if (!this.#isOver) this.#callbacks[name] = value;
        },
      });
    }
  }

  /** Calls the engine, after it was told of the fast path. It reads the last text first. */
  #call(opcode, number = 0, ...texts) {
    if (this.#fastPathId && (opcode < UUID || opcode > AUDIENCE_LAGGING)) this.#reportWritten();
    const engine = this.#engine;
    if (this.#unreportedSeq !== this.#fastPathSeq) {
      callEngine(engine, FAST_PATH_DELIVERED, this.#fastPathSeq - 1, this.#lastReceivedAt());
    }
    this.#fastPathSeq = this.#unreportedSeq = 0;
    for (const text of texts) writeText(engine, text);
    return callEngine(engine, opcode, number, opcode < UNREADABLE ? now() : 0);
  }

  /** Tells the engine what happened, and performs the steps that follow. */
  #handle(opcode, number) {
    this.#call(opcode, number);
    this.#pump();
  }

  #register(key, fn) {
    this.#functions.set(key, fn);
    this.#call(REGISTER, 0, key);
  }

  /**
   * The fast path of an owner's actions, while the room has answered all earlier ones. The action
   * is written in a microtask. The engine is told of it only if it is called for something else
   * before the room has answered. Returns the promise of the answer, or nothing if the engine must
   * broadcast the action.
   */
  #writeOnFastPath(functionKey, params, slot, texts, key) {
    let body = `"funcKey":${JSON.stringify(functionKey)},"funcParams":${params}`;
    if (slot !== undefined) body += ',"stateMessage":true';
    if (key !== functionKey) body += `,"slot":${JSON.stringify(slot)}`;
    // Half of a surrogate pair is no valid text for the server. The engine replaces it.
    if (/[\ud800-\udfff]/.test(functionKey + slot)) return;
    if (body.length > FAST_PATH_CHARACTERS || this.#unanswered.length + this.#unwritten.length >= FAST_PATH_ACTIONS) return;
    if (!(this.#fastPathId ||= this.#call(FAST_PATH_ID))) return;
    if (slot !== undefined) {
      // The slot's older value is out of date. The new one goes to the end, so that the order is
      // kept.
      const old = this.#unwritten.findIndex((action) => action.slot === slot);
      if (old >= 0) this.#unwritten.splice(old, 1)[0].resolve();
    }
    if (!this.#unwritten.length) microtask.then(this.#writeFrames);
    return new Promise((resolve, reject) =>
      this.#unwritten.push({ body, slot, texts, key, resolve, reject }),
    );
  }

  #writeFrames = () => {
    let frame = "";
    for (const action of this.#unwritten) {
      const line = `{"id":${this.#fastPathId++},${action.body}}`;
      if (frame.length + line.length >= FAST_PATH_FRAME_CHARACTERS) {
        this.#send(frame);
        frame = "";
      }
      frame += frame ? "\n" + line : line;
      this.#unanswered.push(action);
    }
    this.#unwritten = [];
    if (frame) this.#send(frame);
    if (this.#socket?.bufferedAmount > UNSENT_BYTES) this.#pump();
  };

  /**
   * Handles the answer that the room has appended all actions up to the id `ack`, the last one at
   * `seq`. Returns false for any other message.
   */
  #settleAppended({ ack, seq }) {
    const first = this.#fastPathId - this.#unanswered.length;
    const count = ack - first + 1;
    if (!(count > 0 && count <= this.#unanswered.length)) return false;
    this.#unanswered.splice(0, count).forEach(({ resolve }, at) => resolve(seq - count + 1 + at));
    return true;
  }

  /** Tells the engine what was written on the fast path, and what of that was answered. */
  #reportWritten() {
    const [engine, written, actions] = [this.#engine, this.#unanswered.length, [...this.#unanswered, ...this.#unwritten]];
    callEngine(engine, FAST_PATH_ANSWERED, this.#fastPathId - written - 1, this.#lastReceivedAt());
    this.#fastPathId = 0;
    this.#unanswered = [];
    this.#unwritten = [];
    actions.forEach((action, at) => {
      for (const text of action.texts) writeText(engine, text);
      this.#pendingAnswers.set(callEngine(engine, BROADCAST, +(at < written)), action);
      // The actions that were not written yet are written by the engine.
      this.#pumpSoon();
    });
  }

  /** When the last frame came: from this the engine knows how long the server has been silent. */
  #lastReceivedAt() {
    return Math.min(this.#lastFrameEvent.timeStamp ?? Infinity, now());
  }

  /** The promise of an action's answer. A ticket below 0 says why the action was not accepted. */
  #awaitAnswer(ticket, key) {
    if (ticket < 0) {
      const [code, message] = NOT_SENT[-ticket];
      const sizes = code === TOO_LARGE ? `; it has ${this.#call(FIRST_NUMBER)} bytes, limits.messageBytes is ${this.#call(SECOND_NUMBER)}` : "";
      return Promise.reject(roomError(code, message + sizes, { key }));
    }
    this.#pumpSoon();
    return new Promise((resolve, reject) => this.#pendingAnswers.set(ticket, { resolve, reject, key }));
  }

  /** Returns the promise that the engine's answer is for, and forgets it. */
  #pendingAnswer() {
    const ticket = this.#call(FIRST_NUMBER);
    const answer = this.#pendingAnswers.get(ticket);
    this.#pendingAnswers.delete(ticket);
    return answer;
  }

  #pumpSoon() {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    microtask.then(this.#onMicrotask);
  }

  #pump() {
    if (this.#delivering) return this.#runSteps(false);
    this.#delivering = true;
    this.#runSteps(true);
    this.#delivering = false;
  }

  /**
   * Performs the steps that the engine wants; those that run the page's code only if `mayDeliver`.
   */
  #runSteps(mayDeliver) {
    if (this.#mayHaveUnsent && this.#socket) {
      const bytes = this.#socket.bufferedAmount;
      this.#mayHaveUnsent = bytes > 0;
      this.#call(BUFFERED, bytes);
    }
    for (let step; (step = this.#call(NEXT_STEP, +mayDeliver)) !== 0; ) this.#perform(step);
  }

  /** Handles a frame: messages joined by newlines, which no message contains. */
  #receiveFrame(event) {
    const frame = event.data;
    if (typeof frame !== "string") return;
    this.#lastFrameEvent = event;
    const mayDeliver = !this.#delivering;
    this.#delivering = true;
    for (const line of frame.split("\n")) {
      const message = parse(line);
      if (mayDeliver && message && (this.#deliver(message) || this.#settleAppended(message))) continue;
      if (message) {
        currentMessage = message;
        this.#slotIndexes.clear();
        this.#call(MESSAGE, line.length, ...TEXTS.map(textAt));
      } else {
        this.#call(UNREADABLE);
      }
      // After each message, so that callbacks and actions keep their order.
      this.#runSteps(mayDeliver);
    }
    this.#delivering = !mayDeliver;
  }

  /**
   * The fast path of a follower's actions, which may come a thousand times a second. If the message
   * is the next live action and its function is registered, the action is delivered without asking
   * the engine, which is told of it at its next call. Returns false for any other message.
   */
  #deliver(message) {
    const { seq, funcKey } = message;
    const fn = this.#functions.get(funcKey);
    if (!fn || !seq) return false;
    if (!this.#fastPathSeq) this.#unreportedSeq = this.#fastPathSeq = this.#call(FAST_PATH_SEQ);
    if (seq !== this.#fastPathSeq) return false;
    if (message.stateMessage) {
      const { slot } = message;
      const index = this.#slotIndex(typeof slot === "string" ? slot : funcKey);
      if (index < 0) return false;
      callEngine(this.#engine, SLOT_WRITTEN, index, seq);
    }
    this.#fastPathSeq = seq + 1;
    this.#run(fn, funcKey, paramsOf(message));
    return true;
  }

  /** The index of a slot in the engine; below 0 if the engine must get the slot's next message. */
  #slotIndex(slot) {
    let index = this.#slotIndexes.get(slot);
    if (index === undefined) {
      writeText(this.#engine, slot);
      index = callEngine(this.#engine, SLOT_INDEX);
      this.#slotIndexes.set(slot, index);
    }
    return index;
  }

  #perform(step) {
    const engine = this.#engine;
    switch (step) {
      case CONNECT:
        return this.#connect();
      case DISCONNECT:
        return this.#disconnect();
      case SEND:
        return this.#send(readText(engine));
      case ARM_TIMER:
        return this.#armTimer(this.#call(FIRST_NUMBER) - now());
      case ENTER:
        return this.#enter();
      case REFUSE:
        this.#release();
        return this.#pendingRoom.reject(this.#ending());
      case RUN:
        return this.#runWithKeptParams(readText(engine), this.#call(FIRST_NUMBER));
      case TELL_STATUS:
        return this.#callBack("onstatus", this.status);
      case TELL_CLEARED:
        return this.#callBack("onclear", readText(engine));
      case TELL_RESYNC:
        return this.#callBack("onresync");
      case TELL_AUDIENCE:
        return this.#callBack("onaudience", this.audience);
      case TELL_OWNER:
        return this.#callBack("onowner", this.#call(FIRST_NUMBER) ? "away" : "here");
      case REPORT_NO_FUNCTION:
        return this.#report(noFunction(readText(engine)));
      case REPORT_UNREADABLE:
        return this.#report(roomError("malformed", "the server sent something that isn't JSON: skipped, and not reported again"));
      case REPORT_REFUSAL:
        return this.#report(this.#readError());
      case ACTION_APPENDED:
        return this.#pendingAnswer()?.resolve(this.#call(SECOND_NUMBER));
      case ACTION_REPLACED:
        return this.#pendingAnswer()?.resolve();
      case ACTION_REFUSED: {
        const answer = this.#pendingAnswer();
        return answer?.reject(withKey(answer.key, this.#readError()));
      }
      case QUEUE_HAS_SPACE:
        return this.#pendingReady.splice(0, this.#call(FIRST_NUMBER)).forEach(({ resolve }) => resolve());
      case END:
        return this.#end();
    }
  }

  async #connect() {
    // Stands in for the socket until it is open: the engine may give this connection up before.
    const placeholder = (this.#socket = { close() {} });
    let [code, reason] = ["connection_failed", "no websocket could be opened; the option `WebSocket` gives a class"];
    try {
      // At the third attempt in a row: perhaps the server is there, but websockets are blocked.
      if (!this.#WebSocket && ++this.#attempts % 3 < 1) {
        await this.#tryPlainHttp();
        if (placeholder !== this.#socket) return;
      }
      let token = this.#token;
      if (typeof token === "function") {
        [code, reason] = ["token_failed", "the function `token` has given none"];
        // Anew for each connection, because tokens expire; in a microtask, because it is the page's
        // code.
        token = nonEmpty(await microtask.then(() => token()), "token");
        if (placeholder !== this.#socket) return;
      }
      this.#openSocket(token);
    } catch (cause) {
      if (placeholder !== this.#socket) return;
      const failure = roomError(code, `${reason}, see \`cause\``, { cause });
      if (this.status === "connecting") {
        this.#failure = failure;
        this.#call(CLOSE);
      } else {
        this.#call(DISCONNECTED, 1006);
        this.#report(failure);
      }
      this.#pump();
    }
  }

  #openSocket(token) {
    const socket = new (this.#WebSocket ?? WebSocket)(this.#address);
    socket.onopen = () => {
      this.#attempts = 0;
      if (token) writeText(this.#engine, token);
      this.#handle(OPENED);
    };
    socket.onmessage = (event) => this.#receiveFrame(event);
    socket.onclose = ({ code }) => this.#handle(DISCONNECTED, code);
    // Each error is followed by a close. But without a handler, an emitter such as Node's `ws`
    // throws the error. The handler is never removed, because the socket can fail after it was
    // given up.
    socket.onerror = () => {};
    this.#socket = socket;
  }

  async #tryPlainHttp() {
    try {
      const { reach } = await import("./fetch-socket.js");
      this.#WebSocket = await reach(this.#address);
    } catch {
      // The rooms can't be reached by plain HTTP now: the engine goes on with websockets.
    }
  }

  #disconnect() {
    const socket = this.#socket;
    if (!socket) return;
    // It is still connecting. What blocks this websocket would block the next one too.
    if (socket.readyState === 0) this.#attempts = 2;
    this.#socket = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #send(frame) {
    try {
      this.#socket?.send(frame);
      this.#mayHaveUnsent = true;
    } catch {
      // This throws only while the socket is being opened, and then the engine sends nothing. A
      // socket that is closing discards what it is given, silently; the engine sends it again on
      // the next one.
    }
  }

  #armTimer(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#handle(TIMEOUT), Math.min(wait, LONGEST_WAIT_MS));
  }

  #listen(method) {
    // What an environment doesn't have is skipped: a worker has no document. A socket that is cut
    // while the browser is offline often gets no close event. Without a check, the page would show
    // that it is connected until the next heartbeat.
    for (const event of ["online", "offline", "pageshow"]) globalThis[method]?.(event, this.#onWake);
    globalThis.document?.[method]("visibilitychange", this.#onWake);
  }

  #enter() {
    this.#pendingRoom.resolve(this);
    // Functions that the page registers before the next task miss nothing.
    setTimeout(() => this.#handle(OPEN_DELIVERY));
  }

  #runWithKeptParams(key, number) {
    const params = keptParams.get(number);
    keptParams.delete(number);
    this.#run(this.#functions.get(key), key, params);
  }

  #run(fn, key, params) {
    try {
      fn(...params);
    } catch (cause) {
      const message = `the function registered under "${key}" threw, see \`cause\``;
      this.#report(roomError("function_failed", message, { key, cause }));
    }
  }

  #callBack(name, argument) {
    call(this.#callbacks[name], argument);
  }

  #report(error) {
    if (this.#callbacks.onerror) return this.#callBack("onerror", error);
    log("warn", error);
  }

  /** The error with the code and message of the engine's step. */
  #readError() {
    return roomError(readText(this.#engine), readText(this.#engine));
  }

  #ending() {
    if (this.#failure) return this.#failure;
    const reason = this.#call(FIRST_NUMBER);
    if (reason === LEFT) return roomError("left", `this page ${this.isOwner ? "closed" : "left"} the room`);
    return reason in ENDINGS ? roomError(...ENDINGS[reason]) : this.#readError();
  }

  #end() {
    const { code, message } = this.#ending();
    const { onclose, onstatus } = this.#callbacks;
    const [answers, readies, closes] = [this.#pendingAnswers, this.#pendingReady, this.#pendingCloses];
    this.#release();
    call(this.#onEnd, code);
    call(onclose, { code, message });
    call(onstatus, "closed");
    const unanswered = "the room ended before the server had answered: this may have been taken";
    for (const { reject, key } of answers.values()) reject(roomError("closed", unanswered, { key }));
    for (const { reject } of readies) reject(closedError());
    for (const resolve of closes) resolve();
  }

  /**
   * Drops all that the browser could call, and the page's functions, which may refer to the room.
   */
  #release() {
    this.#isOver = true;
    this.#disconnect();
    clearTimeout(this.#timer);
    this.#listen("removeEventListener");
    this.#callbacks = {};
    this.#functions.clear();
    this.#token = undefined;
    this.#pendingAnswers = new Map();
    this.#pendingReady = [];
    this.#pendingCloses = [];
  }
}

/** @param details `key`: the function key or slot that it is about; `cause`: what was thrown */
export function roomError(code, message, details) {
  return Object.assign(new Error(message), { name: "RoomError", code, ...details });
}

function noFunction(key) {
  const message = `no function is registered under "${key}": use \`on\` or the option \`functions\`; not reported again`;
  return roomError("no_function", message, { key });
}

const invalid = (message, details) => roomError("invalid_argument", message, details);

const closedError = () => roomError(...CLOSED);

/** Adds to an error the function key or slot that it is about. */
const withKey = (key, error) => Object.assign(error, { key });

/** Calls a callback of the page, if there is one. What it throws goes to the console. */
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
    // Pages and test runners replace the console's functions, and some of the replacements throw.
  }
}

/** Returns the object in a line of JSON; undefined if the line is anything else. */
function parse(line) {
  try {
    const value = JSON.parse(line);
    if (typeof value === "object" && value) return value;
  } catch {
    // Reported by the caller.
  }
}

/** Checks a string that must not be empty. */
function nonEmpty(value, name) {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`\`${name}\` must be a string that isn't empty`);
}

/** Whether an optional object is given. */
function isGiven(value, name) {
  if (value == null) return false;
  if (typeof value === "object" || typeof value === "function") return true;
  throw invalid(`\`${name}\` must be an object`);
}

/** Reads a field of an object that the page gave. */
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

function tokenOrFunction(value) {
  if (value == null || typeof value === "function") return value;
  return nonEmpty(value, "token");
}

function milliseconds(value) {
  if (value === undefined) return DEFAULT_TIMEOUT_MS;
  // Infinity is allowed: the timeout then never ends.
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
  // The text need not be an array: a page may have given arrays a `toJSON` of its own.
  if (text?.[0] === "[") return text;
  throw invalid("`params` must be an array, as JSON too");
}

/** The slot that retains an action, by the options of `broadcast`; undefined if none does. */
function slotOf(options, functionKey) {
  if (!isGiven(options, "options")) return undefined;
  const { state, slot } = options;
  if (slot !== undefined) nonEmpty(slot, "slot");
  return (flag(state, "state") ?? slot !== undefined) ? (slot ?? functionKey) : undefined;
}

/**
 * Returns a `ws:` or `wss:` address, from a string or a `URL`, absolute or relative to the page.
 */
function websocketAddress(url) {
  const given = typeof url === "object" && url ? url.href : url;
  if (typeof given !== "string" || given === "") {
    throw invalid("`url` must be a string or a URL: the server's websocket address");
  }
  let parsed;
  try {
    // There is no location outside of pages and workers.
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
