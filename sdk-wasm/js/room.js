// The page's side of a room: its socket, timer, promises and callbacks. What is to be done with them the core decides,
// which is Rust; src/bridge.rs says how the two talk. What all of it means to a page stands in npm/index.d.ts.

const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience"];

/** By the core's numbers: `encode_status` in src/bridge.rs. */
const STATUSES = ["connecting", "connected", "catching-up", "reconnecting", "closed"];

/** What the core can be called for: src/opcode.rs. Up to `MESSAGE` it is told the moment. */
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

/** What the core wants: `Bridge::encode_step` in src/bridge.rs. */
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

/** Why an action was not taken: `Bridge::encode_ticket` in src/bridge.rs. */
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

/** The longest wait that a browser's timer takes; a longer one would fire at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** How much may be written without telling the core, as in the protocol's session/fast_path.rs: actions, and of each, as of a
 * frame, a third of its bytes, because a character takes three at most. */
const FAST_PATH_ACTIONS = 1024;
const FAST_PATH_CHARACTERS = 1024;
const FAST_PATH_FRAME_CHARACTERS = 16 * 1024;

/** Bytes waiting for the network above which the core is to know. */
const UNSENT_BYTES = 64 * 1024;

const now = () => performance.now();

/** What is chained to it runs when the task is through: in a third of the time that `queueMicrotask` takes. */
const microtask = Promise.resolve();

/** What the WebAssembly exports. */
let wasm;

/** Has all cores be those of this instance of the WebAssembly. */
export function useModule(exports) {
  wasm = exports;
}

/** Asks a core: `rtbroadcaster_call` in src/engines.rs. */
const callEngine = (engine, opcode, number = 0, now = 0) => wasm.rtbroadcaster_call(engine, opcode, now, number);

/** A piece of the WebAssembly's memory, until the core is called again. */
const memory = (address, bytes) => new Uint8Array(wasm.memory.buffer, address, bytes);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Gives a core a text that belongs to the next call. */
function writeText(engine, text) {
  // No unit of UTF-16 takes more bytes in UTF-8.
  const space = 3 * text.length;
  callEngine(engine, TEXT_WRITTEN, encoder.encodeInto(text, memory(callEngine(engine, ALLOCATE_TEXT, space), space)).written);
}

/** The text that belongs to a core's step or answer. */
const readText = (engine) => decoder.decode(memory(callEngine(engine, READ_TEXT), callEngine(engine, READ_TEXT_LENGTH)));

/** Nobody can ask for a room that is garbage. */
const finalizer = new FinalizationRegistry((engine) => callEngine(engine, FREE_ENGINE));

/**
 * The promise of `create` and `join`.
 *
 * @param joins or else creates a room, or claims that of the options
 * @param onEnd told the code of the room's end, before any callback
 */
export function enter(url, joins, uuid, options, onEnd) {
  return new Promise((resolve, reject) => new Room(url, joins, uuid, options, onEnd, { resolve, reject }));
}

/** The message of the server that the core reads. */
let currentMessage;

/** The paths of fields, from names between spaces: half the characters of lists, which every page loads. */
const paths = (names) => names.split(" ").map((name) => name.split("."));

/** The texts of a message that the core is told, in the reverse order of `Text` in src/fields.rs. */
const TEXTS = paths("error.message error.code ownerKey uuid owner clear slot funcKey");

/** The numbers that it asks for, in the order of `Number` there. */
const NUMBERS = paths(
  "seq stateMessage v epoch ack synced shutdown ping pong limits.messageBytes limits.queueActions limits.queueBytes " +
    "limits.heartbeat status.value resync audience.connected audience.lagging error.id error.retryAfterMs",
);

const valueAt = (path) => path.reduce((value, name) => value?.[name], currentMessage);

/** A text in the message at hand; empty if there is none. */
const textAt = (path) => {
  const value = valueAt(path);
  return typeof value === "string" ? value : "";
};

/** A number in the message at hand; 1 for true, 0 for false, NaN for anything else. */
export function number(field) {
  const value = valueAt(NUMBERS[field]);
  return typeof value === "number" || typeof value === "boolean" ? +value : NaN;
}

/** The params that cores hold, under the numbers that they know them by. */
const keptParams = new Map();
let lastKeptNumber = 0;

/** Keeps the params of the message at hand, and returns the number under which. */
export function keep() {
  keptParams.set(++lastKeptNumber, paramsOf(currentMessage));
  return lastKeptNumber;
}

/** Lets go of the params under this number. */
export function drop(number) {
  keptParams.delete(number);
}

const paramsOf = ({ funcParams }) => (Array.isArray(funcParams) ? funcParams : []);

class Room {
  #engine;
  #address;
  #resumed;
  /** The promise of `create` or `join`. */
  #pendingRoom;
  #onEnd;
  /** The class to make websockets of, instead of the global one. */
  #WebSocket;
  /** To open a websocket, in a row. */
  #attempts = 0;
  /** What the server is shown as proof that this page may enter, or a function that gives it. */
  #token;
  #socket;
  /** Some of what was sent may still wait in the page for the network. */
  #mayHaveUnsent = false;
  /** Why this page gave up, where the core can't know: there is no websocket, or no token. */
  #failure;
  #timer;
  /** Listens to what wakes the page. */
  #onWake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    this.#handle(WAKE);
  };
  /** The page's code is running, called from here: whatever it causes waits until it has returned. */
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
  /** The seq of the action that may be handed over without asking the core; 0 if that isn't known. */
  #fastPathSeq = 0;
  /** The first one that the core was not told of: it is told before anything else. */
  #unreportedSeq = 0;
  /** The event that brought the last frame. */
  #lastFrameEvent;
  /** Slot → where the core notes its state, until it is told of anything but what was handed over. */
  #slotIndexes = new Map();
  /** The id of the next action that may be written without asking the core; 0 if that isn't known. */
  #fastPathId = 0;
  /** The actions of this task that are to be written so, and those that were and are not answered. */
  #unwritten = [];
  #unanswered = [];
  /** The promises of `broadcast` and `clear`, under their tickets. */
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
      // What was kept for it is delivered soon, not now: the caller isn't through with its code.
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
    // Delivered soon, not now: the caller isn't through with its code.
    this.#pumpSoon();
  }

  close() {
    if (this.#isOver) return Promise.resolve();
    const ended = new Promise((resolve) => this.#pendingCloses.push(resolve));
    this.#call(CLOSE);
    // The page may be going away: what can be sent is sent now, and only what calls the page back waits.
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
          // When all is over it would never be called, and only keep alive what it refers to.
          if (!this.#isOver) this.#callbacks[name] = value;
        },
      });
    }
  }

  /** Calls the core; of the texts that belong to it, it takes the last one first. */
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

  /** Tells the core what happened, and does what it wants. */
  #handle(opcode, number) {
    this.#call(opcode, number);
    this.#pump();
  }

  #register(key, fn) {
    this.#functions.set(key, fn);
    this.#call(REGISTER, 0, key);
  }

  /**
   * The straight way of what an owner broadcasts while the room has answered all before: it is written when the task is
   * through, and the core is told of it only if it is called for anything else before the room has answered. Nothing is
   * returned if it must be asked.
   */
  #writeOnFastPath(functionKey, params, slot, texts, key) {
    let body = `"funcKey":${JSON.stringify(functionKey)},"funcParams":${params}`;
    if (slot !== undefined) body += ',"stateMessage":true';
    if (key !== functionKey) body += `,"slot":${JSON.stringify(slot)}`;
    // Half a character is no text to the server: the core makes one of it.
    if (/[\ud800-\udfff]/.test(functionKey + slot)) return;
    if (body.length > FAST_PATH_CHARACTERS || this.#unanswered.length + this.#unwritten.length >= FAST_PATH_ACTIONS) return;
    if (!(this.#fastPathId ||= this.#call(FAST_PATH_ID))) return;
    if (slot !== undefined) {
      // Its value is out of date, and the new one's place is at the end, so that nothing overtakes anything.
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

  /** The room has appended everything up to an id, the last at this seq; false if this is anything else. */
  #settleAppended({ ack, seq }) {
    const first = this.#fastPathId - this.#unanswered.length;
    const count = ack - first + 1;
    if (!(count > 0 && count <= this.#unanswered.length)) return false;
    this.#unanswered.splice(0, count).forEach(({ resolve }, at) => resolve(seq - count + 1 + at));
    return true;
  }

  /** Tells the core what was written without it, and what of that was answered. */
  #reportWritten() {
    const [engine, written, actions] = [this.#engine, this.#unanswered.length, [...this.#unanswered, ...this.#unwritten]];
    callEngine(engine, FAST_PATH_ANSWERED, this.#fastPathId - written - 1, this.#lastReceivedAt());
    this.#fastPathId = 0;
    this.#unanswered = [];
    this.#unwritten = [];
    actions.forEach((action, at) => {
      for (const text of action.texts) writeText(engine, text);
      this.#pendingAnswers.set(callEngine(engine, BROADCAST, +(at < written)), action);
      // What was to be written is the core's to write now.
      this.#pumpSoon();
    });
  }

  /** When something was heard of the server: a timer asks whether it was silent since. */
  #lastReceivedAt() {
    return Math.min(this.#lastFrameEvent.timeStamp ?? Infinity, now());
  }

  /** The promise of an action's answer; without a ticket it was not taken. */
  #awaitAnswer(ticket, key) {
    if (ticket < 0) {
      const [code, message] = NOT_SENT[-ticket];
      const sizes = code === TOO_LARGE ? `; it has ${this.#call(FIRST_NUMBER)} bytes, limits.messageBytes is ${this.#call(SECOND_NUMBER)}` : "";
      return Promise.reject(roomError(code, message + sizes, { key }));
    }
    this.#pumpSoon();
    return new Promise((resolve, reject) => this.#pendingAnswers.set(ticket, { resolve, reject, key }));
  }

  /** The promise that the answer told by the core is for. */
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

  /** Does what the core wants; what may run the page's code only if `tells`. */
  #runSteps(mayDeliver) {
    if (this.#mayHaveUnsent && this.#socket) {
      const bytes = this.#socket.bufferedAmount;
      this.#mayHaveUnsent = bytes > 0;
      this.#call(BUFFERED, bytes);
    }
    for (let step; (step = this.#call(NEXT_STEP, +mayDeliver)) !== 0; ) this.#perform(step);
  }

  /** A frame has come: messages joined by newlines, which no message contains. */
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
      // What is told has its place among what is handed over.
      this.#runSteps(mayDeliver);
    }
    this.#delivering = !mayDeliver;
  }

  /**
   * The straight way of what comes a thousand times a second: the next live action, whose function is there, is handed over
   * without asking the core, which is told of it when it is next called. False if this is anything else.
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

  /** Where the core notes the state of a slot; below 0 if the core must be told of the action itself. */
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
    // Stands for the socket until there is one, for the core may give this connection up meanwhile.
    const placeholder = (this.#socket = { close() {} });
    let [code, reason] = ["connection_failed", "no websocket could be opened; the option `WebSocket` gives a class"];
    try {
      // The third attempt in a row: are websockets blocked, while the server is there?
      if (!this.#WebSocket && ++this.#attempts % 3 < 1) {
        await this.#tryPlainHttp();
        if (placeholder !== this.#socket) return;
      }
      let token = this.#token;
      if (typeof token === "function") {
        [code, reason] = ["token_failed", "the function `token` has given none"];
        // Tokens expire, hence anew for each connection; and soon, because it is the page's code.
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
    // What an error tells, the close tells too, but an emitter as Node's `ws` throws an error that nobody listens for. It
    // outlives the socket, which can fail after it was given up.
    socket.onerror = () => {};
    this.#socket = socket;
  }

  async #tryPlainHttp() {
    try {
      const { reach } = await import("./fetch-socket.js");
      this.#WebSocket = await reach(this.#address);
    } catch {
      // There is none now: the core goes on with websockets.
    }
  }

  #disconnect() {
    const socket = this.#socket;
    if (!socket) return;
    // Still connecting: whatever swallows websockets won't let the next one through either.
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
      // It throws only while the socket is being opened, when the core sends nothing. A socket that is closing takes what
      // it is given without a word; the core sends it again on the next one.
    }
  }

  #armTimer(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#handle(TIMEOUT), Math.min(wait, LONGEST_WAIT_MS));
  }

  #listen(method) {
    // What an environment doesn't have (a worker no document) is left out. A socket that is cut while the browser is
    // offline often gets no close event: without asking, the page would go on saying that it is connected until the
    // next heartbeat.
    for (const event of ["online", "offline", "pageshow"]) globalThis[method]?.(event, this.#onWake);
    globalThis.document?.[method]("visibilitychange", this.#onWake);
  }

  #enter() {
    this.#pendingRoom.resolve(this);
    // What the page registers before the next task misses nothing.
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

  /** The error whose code and message the core tells. */
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

  /** Lets go of all that the browser could call, and of the page's functions, which may refer to the room. */
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

/** @param details `key`: the function key or slot concerned; `cause`: what was thrown */
export function roomError(code, message, details) {
  return Object.assign(new Error(message), { name: "RoomError", code, ...details });
}

function noFunction(key) {
  const message = `no function is registered under "${key}": use \`on\` or the option \`functions\`; not reported again`;
  return roomError("no_function", message, { key });
}

const invalid = (message, details) => roomError("invalid_argument", message, details);

const closedError = () => roomError(...CLOSED);

/** The error, with the function key or slot concerned. */
const withKey = (key, error) => Object.assign(error, { key });

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

function tokenOrFunction(value) {
  if (value == null || typeof value === "function") return value;
  return nonEmpty(value, "token");
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
