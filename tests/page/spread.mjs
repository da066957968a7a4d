/**
 * How far apart twenty pages run an action that has a moment, on a network that delays every frame
 * by chance. Pages of one browser have the same clock of the machine, so what one sees the others'
 * can be compared with.
 */

import { openPage } from "../browser/support/browser.mjs";

/** A page knows the clock well below this, or as well as it will after so long. */
const KNOWN_MS = 6;
const PATIENCE_MS = 75_000;
/** Longer than the slowest frame takes. */
const AHEAD_MS = 900;

/** The goal, and what fails the run, with some margin for a busy machine. */
const GOAL_MS = 10;
const MOST_MS = 40;

/**
 * Runs in a page: websockets behind a network that delays each frame by up to so many milliseconds,
 * each way by itself. Frames keep their order.
 */
function slowSockets(jitterMs) {
  const later = () => {
    let free = 0;
    return (task) => {
      free = Math.max(free, performance.now() + Math.random() * jitterMs);
      setTimeout(task, free - performance.now());
    };
  };
  globalThis.SlowSocket = class extends WebSocket {
    #up = later();
    #down = later();

    send(frame) {
      this.#up(() => this.readyState === WebSocket.OPEN && super.send(frame));
    }

    set onmessage(handler) {
      super.onmessage = handler && (({ data }) => this.#down(() => handler({ data })));
    }
  };
}

async function pageOf(browser, url, jitter) {
  const page = await openPage(browser);
  await page.goto(url);
  await page.evaluate(slowSockets, jitter);
  await page.evaluate(async () => {
    globalThis.sdk = await import("/rtbroadcaster/index.js");
    globalThis.rooms = new URL("/broadcasting", location.href);
  });
  return page;
}

const known = (page) =>
  page.waitForFunction((most) => room.clock?.uncertainty <= most, KNOWN_MS, { timeout: PATIENCE_MS, polling: 500 }).catch(() => {});

/** Returns what was missed. */
export async function spread(browser, url, { pages, actions, jitter }) {
  const owner = await pageOf(browser, url, jitter);
  const uuid = await owner.evaluate(async () => {
    globalThis.room = await sdk.create(rooms, { WebSocket: SlowSocket, clock: true });
    return room.uuid;
  });
  const followers = await Promise.all(Array.from({ length: pages }, () => pageOf(browser, url, jitter)));
  for (const follower of followers) {
    await follower.evaluate(async (uuid) => {
      globalThis.ran = [];
      const flash = () => ran.push(performance.timeOrigin + performance.now());
      globalThis.room = await sdk.join(rooms, uuid, { WebSocket: SlowSocket, functions: { flash } });
    }, uuid);
  }
  await Promise.all([owner, ...followers].map(known));
  for (let action = 1; action <= actions; action++) {
    await owner.evaluate((ahead) => room.broadcast("flash", [], { at: room.time() + ahead }), AHEAD_MS);
    await Promise.all(followers.map((page) => page.waitForFunction((action) => ran.length >= action, action)));
  }
  const ran = await Promise.all(followers.map((page) => page.evaluate(() => ran)));
  const spreads = Array.from({ length: actions }, (_, action) => {
    const times = ran.map((each) => each[action]);
    return Math.max(...times) - Math.min(...times);
  });
  spreads.sort((one, other) => one - other);
  const [middle, high] = [0.5, 0.95].map((part) => spreads[Math.floor((actions - 1) * part)]);
  const goal = `${high <= GOAL_MS ? "reached" : "missed"} the goal of ${GOAL_MS}`;
  console.log(`\none moment on ${pages} pages, ${jitter} ms of jitter each way: they are`);
  console.log(`${middle.toFixed(1)} ms apart, ${high.toFixed(1)} at the 95th percentile: ${goal}`);
  await Promise.all([owner, ...followers].map((page) => page.context().close()));
  return high > MOST_MS ? [`one moment: ${high.toFixed(1)} ms apart, at most ${MOST_MS}`] : [];
}
