// `play`: hands a recording to the page's functions, by a clock that stops, runs faster and jumps.
// play.d.ts documents it. Nothing of a room is needed for that, and no WebAssembly.

import { report, roomError } from "./error.js";
import { checkedFunctions, checker } from "./schemas.js";

/** No timer of a browser waits longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Opens a recording and plays it.
 *
 * @param {string | URL | Response | Iterable<string> | AsyncIterable<string>} source
 * @param {any} options
 */
export async function play(source, options = {}) {
  const { from = 0, maxIdle, speed = 1 } = options;
  if (maxIdle !== undefined) positive(maxIdle, "maxIdle");
  const settings = { ...options, speed: positive(speed, "speed"), functions: functionsOf(options) };
  const steps = timeline(await linesOf(source), maxIdle);
  const player = new Player(steps, settings);
  if (from !== 0) await player.seek(from);
  player.play();
  return player;
}

class Player {
  #steps;
  #options;
  /** The step that is played next. */
  #next = 0;
  /** What the page has: slot → the step that was handed over. */
  #slots = new Map();
  /** The keys without a function, each of which is reported once. */
  #missing = new Set();
  #speed;
  /** The player's time when it was last set, and the page's clock then; none while it pauses. */
  #at = 0;
  /** @type {number | undefined} */
  #since;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isClosed = false;
  #isRunning = false;

  constructor(steps, options) {
    this.#steps = steps;
    this.#options = options;
    this.#speed = options.speed;
  }

  get duration() {
    return this.#steps.at(-1)?.at ?? 0;
  }

  get time() {
    const passed = this.#since === undefined ? 0 : (performance.now() - this.#since) * this.#speed;
    return Math.min(this.#at + passed, this.duration);
  }

  get playing() {
    return this.#since !== undefined;
  }

  get speed() {
    return this.#speed;
  }

  set speed(speed) {
    positive(speed, "speed");
    this.#setTime(this.time);
    this.#speed = speed;
    this.#run();
  }

  play() {
    if (this.#isClosed) throw roomError("closed", "the player is closed");
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    // Functions that the page registers before the next task miss nothing.
    this.#arm(0);
  }

  pause() {
    this.#setTime(this.time);
    this.#since = undefined;
    clearTimeout(this.#timer);
  }

  async seek(milliseconds) {
    if (this.#isClosed) throw roomError("closed", "the player is closed");
    if (typeof milliseconds !== "number" || !(milliseconds >= 0)) throw invalid("`ms` must be a number from 0");
    const time = Math.min(milliseconds, this.duration);
    const { next, slots } = stateAt(this.#steps, time);
    this.#next = next;
    this.#setTime(time);
    // What the page has. Another jump, made by what this one calls, goes on from there alone.
    const had = (this.#slots = new Map(this.#slots));
    const isOver = () => this.#slots !== had;
    this.#hand(() => {
      for (const slot of [...had.keys()]) {
        if (slots.has(slot)) continue;
        had.delete(slot);
        this.#tell("onclear", slot);
        if (isOver()) return;
      }
      for (const [slot, step] of slots) {
        const { text } = had.get(slot) ?? {};
        had.set(slot, step);
        if (text !== step.text) this.#perform(step);
        if (isOver()) return;
      }
    });
    this.#tell("onprogress", this.time, this.duration);
    this.#run();
  }

  close() {
    this.pause();
    this.#isClosed = true;
    this.#slots = new Map();
    this.#options = { functions: {} };
  }

  #setTime(time) {
    this.#at = time;
    if (this.#since !== undefined) this.#since = performance.now();
  }

  /** Plays what is due, unless the page's code that it calls is running: then afterwards. */
  #run() {
    clearTimeout(this.#timer);
    if (this.#since === undefined || this.#isRunning) return;
    this.#hand(() => {
      // A function of the page may pause, seek or close. What falls due meanwhile waits for the
      // next turn, so that a page that is slower than the recording gets to paint.
      const now = this.time;
      let step;
      while (this.#since !== undefined && (step = this.#steps[this.#next]) && step.at <= Math.min(now, this.time)) {
        this.#next++;
        this.#play(step);
      }
    });
    this.#tell("onprogress", this.time, this.duration);
    if (this.#since === undefined) return;
    const step = this.#steps[this.#next];
    if (step) this.#arm((step.at - this.time) / this.#speed);
    else this.pause();
  }

  #arm(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), Math.min(Math.max(wait, 0), LONGEST_TIMER_MS));
  }

  #hand(run) {
    const before = this.#isRunning;
    this.#isRunning = true;
    run();
    this.#isRunning = before;
  }

  #play(step) {
    switch (step.kind) {
      case "action":
        if (step.slot !== undefined) this.#slots.set(step.slot, step);
        return this.#perform(step);
      case "clear":
        this.#slots.delete(step.slot);
        return this.#tell("onclear", step.slot);
    }
  }

  #perform({ key, params }) {
    const { functions } = this.#options;
    const fn = Object.hasOwn(functions, key) ? functions[key] : undefined;
    if (!fn) return this.#reportMissing(key);
    const failed = (cause) => this.#report("function_failed", `the function registered under "${key}" failed, see \`cause\``, key, cause);
    try {
      // Each call has its own params, because a function may change them.
      const result = fn(...JSON.parse(params));
      if (result?.then) Promise.resolve(result).catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }

  #reportMissing(key) {
    if (this.#isClosed || this.#missing.has(key)) return;
    this.#missing.add(key);
    this.#report("no_function", `no function is registered under "${key}"`, key);
  }

  #report(code, message, key, cause) {
    report(this.#options, Object.assign(roomError(code, message, cause), { key }));
  }

  #tell(name, ...values) {
    const callback = this.#options[name];
    // It may return a promise.
    if (callback) new Promise((resolve) => resolve(callback(...values))).catch((failure) => console.error(failure));
  }
}

/**
 * What a page has at a moment: the step that comes next, and the newest step of each slot in the
 * order of the room.
 */
function stateAt(steps, time) {
  let next = upTo(steps, time);
  // From the nearest snapshot at or before that moment.
  let start = next - 1;
  while (start >= 0 && !steps[start].state) start--;
  const slots = new Map(start < 0 ? [] : steps[start].state);
  for (const step of steps.slice(start + 1, next)) apply(slots, step);
  return { next, slots };
}

/** Changes what a page has by a step. */
function apply(slots, step) {
  if (step.slot === undefined) return;
  // The newest comes last.
  slots.delete(step.slot);
  if (step.kind === "action") slots.set(step.slot, step);
}

/** How many steps there are up to a moment. They are in the order of their moments. */
function upTo(steps, time) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].at <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The steps of a recording, each with its moment in the player's time:
 *
 * - `action`: a function call, with its slot if it is a state message;
 * - `clear`: a slot is forgotten;
 * - `snapshot`: nothing to play; `state` has all slots. A player can begin there;
 * - `end`.
 *
 * The last line may be torn, and so may the last snapshot.
 */
function timeline(lines, maxIdle = Infinity) {
  const steps = [];
  let started = 0;
  let state = new Map();
  /** What the snapshot that is being read holds. */
  let read;
  let clock = { recorded: 0, played: 0 };

  const add = (step, t) => {
    const recorded = Math.max(clock.recorded, step.due ?? 0, t);
    clock = { recorded, played: clock.played + Math.min(recorded - clock.recorded, maxIdle) };
    steps.push({ ...step, at: clock.played });
  };
  const change = (step, t) => {
    apply(state, step);
    add(step, t);
  };
  /** Plays what differs from what is known: the first snapshot, and what a gap has hidden. */
  const catchUp = (t) => {
    for (const slot of [...state.keys()]) if (!read.slots.has(slot)) change({ kind: "clear", slot }, t);
    for (const step of read.slots.values()) if (state.get(step.slot)?.seq !== step.seq) change(step, t);
    state = new Map(read.slots);
  };

  for (const line of lines) {
    const message = parse(line);
    if (!message) break;
    const { t } = message;
    if (message.rtbroadcaster !== undefined) {
      if (message.rtbroadcaster !== 1) throw invalid("the recording is of a version that this player doesn't know");
      started = message.started;
    } else if (message.gap) {
      read = { slots: new Map(), isNews: true };
    } else if (message.snapshot !== undefined) {
      read = { slots: new Map(), isNews: !steps.length || read?.isNews };
    } else if (message.synced !== undefined) {
      if (read?.isNews) catchUp(t);
      if (read) add({ kind: "snapshot", state: [...read.slots] }, t);
      read = undefined;
    } else if (message.end !== undefined) {
      add({ kind: "end" }, t);
      break;
    } else {
      const step = stepOf(message, started);
      if (!step) continue;
      if (!read) change(step, t);
      else read.slots.set(step.slot, step);
    }
  }
  if (!started && !steps.length) throw invalid("this is no recording of rtbroadcaster");
  return steps;
}

function stepOf({ seq, funcKey, funcParams = [], stateMessage, slot, at, clear }, started) {
  if (typeof funcKey === "string" && funcKey !== "") {
    const params = JSON.stringify(Array.isArray(funcParams) ? funcParams : []);
    const retained = stateMessage ? (slot ?? funcKey) : undefined;
    const due = at === undefined ? undefined : at - started;
    return { kind: "action", seq, key: funcKey, params, slot: retained, due, text: `${funcKey}\n${params}` };
  }
  // What clears the slot "\0" is an entry of the log. Followers aren't told of it as of a clear.
  if (typeof clear === "string" && clear !== "" && clear !== "\0") return { kind: "clear", slot: clear };
}

function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value ? value : undefined;
  } catch {
    // The process that recorded was killed while it wrote this line.
  }
}

/** The lines of a recording, wherever it is. */
async function linesOf(source) {
  if (typeof source === "string" && source.trimStart().startsWith("{")) return source.split("\n");
  if (typeof source === "string" || source instanceof URL) source = await fetch(source).catch((cause) => notLoaded(cause.message, cause));
  if (typeof source?.text === "function") return (await textOf(source)).split("\n");
  const lines = [];
  if (source?.[Symbol.iterator] || source?.[Symbol.asyncIterator]) for await (const line of source) lines.push(line);
  else throw invalid("`source` must be an address, a Response, the recording's text, or its lines");
  return lines;
}

/** The text of a `Response` or of a `Blob`. */
function textOf(source) {
  if (source.ok === false) notLoaded(`${source.status} ${source.statusText}`);
  return source.text().catch((cause) => notLoaded(cause.message, cause));
}

function notLoaded(why, cause) {
  throw roomError("connection_failed", `the recording could not be loaded: ${why}`, cause);
}

function functionsOf({ functions = {}, schemas, ...callbacks }) {
  if (typeof functions !== "object" || !functions) throw invalid("`functions` must be an object");
  for (const [key, fn] of Object.entries(functions)) {
    if (typeof fn !== "function") throw invalid(`the function registered under "${key}" must be a function`);
  }
  return schemas == null ? functions : checkedFunctions(functions, checker(schemas, () => callbacks));
}

function positive(value, name) {
  if (!Number.isFinite(value) || value <= 0) throw invalid(`\`${name}\` must be a finite number above 0`);
  return value;
}

const invalid = (message) => roomError("invalid_argument", message);
