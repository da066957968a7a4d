/** The player of recordings, on a clock that is moved by hand. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { play } from "../../sdk-wasm/npm/play.js";

const STARTED = 1_790_000_000_000;
const HEADER = `{"rtbroadcaster":1,"uuid":"u","started":${STARTED},"part":1}`;
const KEYS = ["goTo", "pen", "zoom", "say"];

let now;
let realNow;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  realNow = performance.now;
  now = 0;
  performance.now = () => now;
});

afterEach(() => {
  mock.timers.reset();
  performance.now = realNow;
});

/** Time passes, a millisecond after the other, and timers fire. */
function pass(milliseconds) {
  for (let at = 0; at < milliseconds; at++) {
    now += 1;
    mock.timers.tick(1);
  }
}

/** A page: what it was handed, in order, and the state that it shows. */
function page() {
  const handed = [];
  const shown = {};
  const functions = Object.fromEntries(
    KEYS.map((key) => [
      key,
      (...params) => {
        handed.push([key, ...params]);
        if (key !== "say") shown[key] = params;
      },
    ]),
  );
  const onclear = (slot) => {
    handed.push(["clear", slot]);
    delete shown[slot];
  };
  return { handed, shown, options: { functions, onclear } };
}

const state = (t, seq, key, ...params) => line({ t, seq, funcKey: key, funcParams: params, stateMessage: true });
const say = (t, seq, ...params) => line({ t, seq, funcKey: "say", funcParams: params });
const line = (fields) => JSON.stringify(fields);

const TOUR = [
  HEADER,
  line({ t: 0, snapshot: 7 }),
  state(0, 3, "pen", "red"),
  state(0, 7, "goTo", 1),
  line({ t: 0, synced: 7 }),
  say(1_000, 8, "hello"),
  state(2_000, 9, "goTo", 2),
  line({ t: 3_000, seq: 10, clear: "pen" }),
  line({ t: 3_000, seq: 11, clear: "\0", recording: { on: true } }),
  line({ t: 60_000, snapshot: 11 }),
  state(60_000, 9, "goTo", 2),
  line({ t: 60_000, synced: 11 }),
  state(61_000, 12, "zoom", 4),
  line({ t: 62_000, end: "closed" }),
];

test("a recording is played in its order and at its times", async () => {
  const { handed, options } = page();
  const player = await play(TOUR, options);
  assert.equal(player.duration, 62_000);
  assert.deepEqual(handed, [], "functions that are registered now miss nothing");
  pass(1);
  assert.deepEqual(handed.splice(0), [["pen", "red"], ["goTo", 1]]);
  pass(998);
  assert.deepEqual(handed, []);
  pass(2);
  assert.deepEqual(handed.splice(0), [["say", "hello"]]);
  pass(2_000);
  assert.deepEqual(handed.splice(0), [["goTo", 2], ["clear", "pen"]]);
  pass(60_000);
  assert.deepEqual(handed, [["zoom", 4]], "a snapshot in between repeats nothing");
  assert.equal(player.time, 62_000);
  assert.equal(player.playing, false);
});

test("it pauses, goes on, and runs faster", async () => {
  const { handed, options } = page();
  const player = await play(TOUR.join("\n"), { ...options, speed: 2 });
  pass(600);
  assert.equal(handed.length, 3);
  player.pause();
  pass(10_000);
  assert.equal(player.time, 1_200);
  player.speed = 8;
  player.play();
  pass(100);
  assert.equal(player.time, 2_000);
  pass(1);
  assert.deepEqual(handed.at(-1), ["goTo", 2]);
  assert.throws(() => (player.speed = 0), { code: "invalid_argument" });
  player.close();
  pass(100_000);
  assert.equal(handed.length, 4);
  assert.throws(() => player.play(), { code: "closed" });
});

test("a jump changes what differs, and calls no plain function", async () => {
  const { handed, shown, options } = page();
  const player = await play(TOUR, { ...options, from: 2_500 });
  assert.deepEqual(handed.splice(0), [["pen", "red"], ["goTo", 2]]);
  await player.seek(61_500);
  assert.deepEqual(handed.splice(0), [["clear", "pen"], ["zoom", 4]]);
  await player.seek(500);
  assert.deepEqual(handed.splice(0), [["clear", "zoom"], ["pen", "red"], ["goTo", 1]]);
  await player.seek(0);
  assert.deepEqual(handed, []);
  assert.deepEqual(shown, { pen: ["red"], goTo: [1] });
  pass(1_100);
  assert.deepEqual(handed, [["say", "hello"]]);
});

test("a jump that a function makes within another leaves nothing of that", async () => {
  const { shown, options } = page();
  let jumps = 0;
  const pen = (color) => {
    options.functions.pen(color);
    if (jumps++ === 1) player.seek(62_000);
  };
  const player = await play(TOUR, { ...options, functions: { ...options.functions, pen }, from: 2_500 });
  await player.seek(62_000);
  assert.deepEqual(shown, { goTo: [2], zoom: [4] });
  // `pen` comes before `goTo`, which this jump never comes to, and jumps back.
  await player.seek(500);
  assert.deepEqual(shown, { goTo: [2], zoom: [4] });
  await player.seek(500);
  assert.deepEqual(shown, { pen: ["red"], goTo: [1] });
});

test("waits are shortened in one time line", async () => {
  const { handed, options } = page();
  const player = await play(TOUR, { ...options, maxIdle: 500 });
  // 0, 500, 1,000, 1,500, 2,000, 2,500, 3,000
  assert.equal(player.duration, 3_000);
  pass(1_501);
  assert.deepEqual(handed.at(-1), ["clear", "pen"]);
  await player.seek(2_600);
  assert.deepEqual(handed.at(-1), ["zoom", 4]);
});

test("what has a moment runs at it, and what follows waits", async () => {
  const { handed, options } = page();
  const at = STARTED + 2_000;
  const flash = line({ t: 1_000, seq: 1, at, funcKey: "say", funcParams: ["flash"] });
  await play([HEADER, line({ t: 0, snapshot: 0 }), line({ t: 0, synced: 0 }), flash, say(1_500, 2, "after")], options);
  pass(1_990);
  assert.deepEqual(handed, []);
  pass(11);
  assert.deepEqual(handed, [["say", "flash"], ["say", "after"]]);
});

test("after a gap the page has what the room had, and what was cleared is told", async () => {
  const { handed, options } = page();
  const gap = [line({ t: 2_500, gap: true }), line({ t: 2_500, snapshot: 900 }), state(2_500, 9, "goTo", 2), state(2_500, 800, "zoom", 3), line({ t: 2_500, synced: 900 })];
  await play([...TOUR.slice(0, 7), ...gap], options);
  pass(2_600);
  assert.deepEqual(handed.slice(4), [["clear", "pen"], ["zoom", 3]], "what the page has isn't repeated");
});

test("functions may fail, and may jump themselves", async (context) => {
  const { handed, options } = page();
  const errors = [];
  context.mock.method(console, "error", () => {});
  const entry = line({ t: 1_000, seq: 2, clear: "\0", lane: "q1", as: { kind: "vote", options: 2 } });
  const lines = [HEADER, line({ t: 0, snapshot: 0 }), line({ t: 0, synced: 0 }), state(500, 1, "goTo", 1), entry, state(2_000, 3, "zoom", 1)];
  const player = await play(lines, {
    ...options,
    functions: {
      ...options.functions,
      goTo() {
        throw new Error("off");
      },
      zoom(...params) {
        options.functions.zoom(...params);
        player.seek(1_500);
        player.pause();
      },
    },
    onerror: (error) => errors.push(error),
    onprogress() {
      throw new Error("not mine");
    },
  });
  pass(3_000);
  await Promise.resolve();
  assert.deepEqual(errors.map(({ code, key }) => [code, key]), [["function_failed", "goTo"]]);
  assert.equal(player.time, 1_500);
  assert.deepEqual(handed, [["zoom", 1], ["clear", "zoom"]]);
});

test("a key without a function is reported once", async () => {
  const errors = [];
  await play(TOUR, { functions: {}, speed: 1_000, onerror: ({ code, key }) => errors.push([code, key]) });
  pass(100);
  assert.deepEqual(errors, ["pen", "goTo", "say", "zoom"].map((key) => ["no_function", key]));
});

test("what is no recording is refused", async () => {
  for (const source of ["{}", [], '{"rtbroadcaster":2}', 7]) {
    await assert.rejects(play(source, {}), { code: "invalid_argument" }, String(source));
  }
  for (const options of [{ speed: -1 }, { speed: Infinity }, { maxIdle: 0 }, { functions: { goTo: 7 } }, { from: NaN }]) {
    await assert.rejects(play(TOUR, options), { code: "invalid_argument" });
  }
  await assert.rejects(play(new Response("", { status: 404 })), { code: "connection_failed" });
  const breaksOff = new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) });
  await assert.rejects(play(new Response(breaksOff)), { code: "connection_failed" });
});

/** A random number generator with a seed. */
function randomOf(seed) {
  return (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return (seed >> 8) % below;
  };
}

/** A random recording as a server writes it, and what a follower that was there was handed when. */
function randomRecording(random) {
  const slots = new Map();
  const lines = [HEADER];
  const handed = [];
  let [t, seq] = [0, 0];
  const snapshot = () => {
    lines.push(line({ t, snapshot: seq }));
    for (const [slot, { seq, value }] of slots) lines.push(state(t, seq, slot, value));
    lines.push(line({ t, synced: seq }));
  };
  snapshot();
  for (let count = random(60); count > 0; count--) {
    t += random(3) * random(400);
    const key = KEYS[random(3)];
    switch (random(6)) {
      case 0:
        lines.push(line({ t, seq: ++seq, clear: key }));
        slots.delete(key);
        handed.push({ t, call: ["clear", key], state: new Map(slots) });
        break;
      case 1:
        lines.push(say(t, ++seq, seq));
        handed.push({ t, call: ["say", seq], state: new Map(slots) });
        break;
      case 2:
        snapshot();
        break;
      default: {
        const value = random(4);
        lines.push(state(t, ++seq, key, value));
        slots.delete(key);
        slots.set(key, { seq, value });
        handed.push({ t, call: [key, value], state: new Map(slots) });
      }
    }
  }
  return { lines, handed, duration: t };
}

const stateAt = (handed, time) => {
  const slots = handed.findLast(({ t }) => t <= time)?.state ?? new Map();
  return Object.fromEntries([...slots].map(([slot, { value }]) => [slot, [value]]));
};

test("R1: at any speed a page is handed what a follower was handed", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const { lines, handed, duration } = randomRecording(random);
    const shows = page();
    const speed = [0.5, 1, 3, 100][random(4)];
    const player = await play(lines, { ...shows.options, speed });
    for (let waited = 0; player.playing; waited++) {
      pass(1 + random(500));
      assert.ok(waited < 100_000);
    }
    assert.deepEqual(shows.handed, handed.map(({ call }) => call), `seed ${seed}`);
    assert.equal(player.duration, lines.length > 3 ? player.time : 0, `seed ${seed} ${duration}`);
  }
});

test("R3: after a jump a page has what all lines up to that moment make", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed);
    const { lines, handed, duration } = randomRecording(random);
    const { shown, options } = page();
    const player = await play(lines, { ...options, speed: 1 + random(9) });
    for (let jump = 0; jump < 10; jump++) {
      pass(random(300));
      const time = random(duration + 10);
      await player.seek(time);
      assert.deepEqual(shown, stateAt(handed, player.time), `seed ${seed}, jump to ${time}`);
    }
    player.close();
  }
});

test("R4: each prefix is played up to its last whole line", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomOf(seed);
    const { lines, handed } = randomRecording(random);
    const text = lines.join("\n");
    for (let cut = 0; cut < 20; cut++) {
      const end = HEADER.length + random(text.length - HEADER.length + 1);
      let [bytes, inSnapshot, count] = [0, false, 0];
      for (const line of lines) {
        bytes += line.length;
        if (bytes > end) break;
        bytes += 1;
        inSnapshot = line.includes("snapshot") || (inSnapshot && !line.includes("synced"));
        if (!inSnapshot && !line.includes("synced") && line !== HEADER) count++;
      }
      const shows = page();
      await play(text.slice(0, end), { ...shows.options, speed: 1_000 });
      pass(100);
      const expected = handed.slice(0, count).map(({ call }) => call);
      assert.deepEqual(shows.handed, expected, `seed ${seed}, ${end} bytes`);
    }
  }
});
