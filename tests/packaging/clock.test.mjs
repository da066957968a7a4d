/** The page's estimate of the server's clock, on clocks and a network that are moved by hand. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const AHEAD = 5_000_000;

/** The page's clock. Sleep may stop it; the calendar goes on. */
let now;
let slept;
let realNow;
let Moments;
let Waiting;

beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  realNow = [performance.now, Date.now];
  [now, slept] = [1_000, 0];
  performance.now = () => now;
  Date.now = () => now + slept + 1_790_000_000_000;
  ({ Moments } = await import("../../sdk-wasm/js/clock.js"));
  ({ Waiting } = await import("../../sdk-wasm/js/waiting.js"));
});

afterEach(() => {
  mock.timers.reset();
  [performance.now, Date.now] = realNow;
});

/** Time passes, a millisecond after the other, and timers fire. */
function pass(milliseconds) {
  for (let at = 0; at < milliseconds; at++) {
    now += 1;
    mock.timers.tick(1);
  }
}

/** A connection, and what was asked on it that `answer` answers. */
function connection() {
  const asked = [];
  const connection = { socket: { readyState: 1 }, asked, send: (frame) => asked.push(JSON.parse(frame)) };
  const moments = new Moments(connection);
  const answer = (time) => moments.heard({ pong: asked.shift().ping, time });
  return { connection, moments, answer };
}

const between = (value, low, high) => assert.ok(value >= low && value <= high, `${value} is not from ${low} to ${high}`);

test("exchanges have in common what their fastest ways prove", () => {
  const { moments } = connection();
  assert.equal(moments.clock, undefined);
  // There 100 ms, back 2 ms: the middle alone is 49 ms off.
  moments.note(1_000, 1_102, AHEAD + 1_100);
  between(moments.clock.offset - AHEAD, 48, 50);
  moments.note(1_102, 1_204, AHEAD + 1_104);
  between(moments.clock.offset - AHEAD, -1, 1);
  between(moments.clock.uncertainty, 0, 3);
  // A clock has jumped.
  moments.note(1_300, 1_302, AHEAD + 9_000);
  between(moments.clock.offset - AHEAD, 7_697, 7_701);
});

test("bounds widen with time", () => {
  const { moments } = connection();
  moments.note(1_000, 1_000, AHEAD + 1_000);
  const { uncertainty } = moments.clock;
  pass(20_000);
  between(moments.clock.uncertainty - uncertainty, 0.9, 1.1);
});

test("something waits for its moment, is never early, and knows how late it is", () => {
  const { moments, answer } = connection();
  answer(AHEAD + 1_000);
  const ran = [];
  moments.hold(AHEAD + 1_300, (late) => ran.push([now, late]));
  moments.hold(AHEAD + 400, (late) => ran.push([now, late]));
  assert.equal(ran.length, 1, "its moment has passed");
  between(ran[0][1], 599, 602);
  pass(298);
  assert.equal(ran.length, 1);
  pass(4);
  between(ran[1][0], 1_299, 1_302);
  between(ran[1][1], 0, 2);
});

test("without an answer it waits for some seconds, and not at all for a server that tells no time", () => {
  const { moments, answer } = connection();
  const ran = [];
  moments.hold(AHEAD + 1_300, (late) => ran.push(late));
  pass(4_990);
  assert.deepEqual(ran, []);
  pass(20);
  assert.deepEqual(ran, [undefined]);
  answer(undefined);
  moments.hold(AHEAD + 99_000, (late) => ran.push(late));
  assert.deepEqual(ran, [undefined, undefined]);
});

test("several wait for the first answer together, not one after another", () => {
  const { moments } = connection();
  const ran = [];
  const next = () => moments.hold(AHEAD, () => ran.push(now) < 3 && next());
  next();
  pass(4_990);
  assert.deepEqual(ran, []);
  pass(20);
  assert.equal(ran.length, 3);
});

test("whoever awaits a moment gets it, however far ahead, and by the page's own time without a clock", async () => {
  const { moments, answer } = connection();
  answer(AHEAD + 1_000);
  let reached;
  moments.until(AHEAD + 121_000).then(() => (reached = "far"));
  pass(119_990);
  await null;
  assert.equal(reached, undefined);
  pass(200);
  await null;
  assert.equal(reached, "far");

  const { moments: unanswered } = connection();
  unanswered.until(Date.now() + 8_000).then(() => (reached = "own"));
  pass(7_900);
  await null;
  assert.equal(reached, "far");
  pass(200);
  await null;
  assert.equal(reached, "own");
});

test("a page that wishes for the clock knows it when it enters, whether the reply or the module comes first", async () => {
  for (const isLoaded of [true, false]) {
    const driver = { connection: { socket: undefined, send: () => {} }, isOver: false };
    const waiting = new Waiting(driver);
    if (isLoaded) await waiting.startClock();
    driver.connection.socket = { readyState: 1 };
    waiting.openedAt = now;
    pass(4);
    waiting.note({ clock: true, time: AHEAD + now - 2 });
    await new Promise((enter) => waiting.enter(enter));
    between(waiting.moments.clock.offset - AHEAD, -4, 4);
    waiting.stop();
  }
});

test("a page that has slept, or has another connection, asks anew and believes nothing from before", () => {
  for (const change of ["sleep", "connection"]) {
    const { connection: own, moments, answer } = connection();
    answer(AHEAD + now);
    const ran = [];
    moments.hold(AHEAD + now + 8_000, (late) => ran.push(late));
    pass(200);
    if (change === "sleep") slept += 7_900;
    else {
      own.socket = undefined;
      pass(100);
      assert.ok(moments.clock, "a connection that is lost changes nothing");
      own.socket = { readyState: 1 };
    }
    moments.heard({});
    assert.equal(moments.clock, undefined, change);
    own.asked.length = 0;
    pass(1);
    assert.equal(own.asked.length, 1, "it asks at once");
    answer(AHEAD + now + 7_900);
    pass(2);
    assert.equal(ran.length, 1, change);
    moments.stop();
  }
});

test("it asks often at first, then rarely, and less often if the server tells no time", () => {
  const { connection: own, moments } = connection();
  let asked = 0;
  const answerAll = (time) => {
    while (own.asked.length) {
      asked += 1;
      moments.heard({ pong: own.asked.shift().ping, time: time && time + now });
    }
  };
  for (let second = 0; second < 60; second++) {
    answerAll(AHEAD);
    for (let tenth = 0; tenth < 10; tenth++) (pass(100), answerAll(AHEAD));
  }
  between(asked, 16, 20);
  own.socket = { readyState: 1 };
  asked = 0;
  for (let tenth = 0; tenth < 600; tenth++) (pass(100), answerAll(undefined));
  between(asked, 5, 13);
});

test("what waits when the room ends is dropped, and whoever awaits it is told", async () => {
  const { moments } = connection();
  const until = moments.until(AHEAD + 9_000, () => new Error("closed"));
  moments.hold(AHEAD, () => assert.fail("it was dropped"));
  moments.stop();
  await assert.rejects(until, /closed/);
  pass(20_000);
});
