/**
 * A page that is hidden, and whose timers the browser has stopped, stays in its room: neither does
 * the server give it up, nor the page its connection.
 */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";
import { isGivenUp } from "./support/silent.mjs";

/** A page asks after a second of silence, the server gives up a client after two. */
const QUICK = ["--heartbeat-ms", "1000", "--ping-interval-ms", "500", "--idle-timeout-ms", "2000"];
/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20 };

/** Enters a room, and counts how often a timer fires. Runs in the page. */
async function enter(uuid) {
  globalThis.log = [];
  globalThis.ticks = 0;
  setInterval(() => (ticks += 1), 100);
  const sdk = await import("/rtbroadcaster/index.js");
  const server = new URL("/broadcasting", location.href);
  const options = {
    functions: { say: (text) => log.push(`${document.visibilityState} ${text}`) },
    onstatus: (status) => log.push(status),
    onowner: (presence) => log.push(presence),
    onretry: ({ code }) => log.push(code),
  };
  globalThis.room = await (uuid ? sdk.join(server, uuid, options) : sdk.create(server, options));
  return room.uuid;
}

/**
 * Hides a page and waits until its timers stand still while a silent client is given up; and then
 * for as long again.
 */
async function hide(scene, page, silence) {
  const front = await scene.barePage("about:blank");
  await front.show();
  for (let before; ; ) {
    const ticks = await page.evaluate(() => globalThis.ticks);
    if (ticks === before) break;
    before = ticks;
    await silence();
  }
  await silence();
}

/** Waits until a page is seen again. Runs in the page. */
async function seen() {
  const change = () => new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  while (document.hidden) await change();
}

scenario("a follower that is hidden, and has no timers, stays in its room", { stopsTimers: true }, async (scene) => {
  const server = await scene.server({ options: QUICK });
  const owner = await sdkPage(scene, server.url);
  const uuid = await owner.evaluate(enter);
  const follower = await scene.barePage(server.url);
  await follower.evaluate(enter, uuid);
  await hide(scene, follower, () => isGivenUp(server.port, uuid));
  await owner.evaluate(() => room.broadcast("say", ["one"]));
  // Messages go on without timers.
  await owner.evaluate(() => room.broadcast("say", ["two"]));
  await follower.show();
  await follower.evaluate(seen);
  await owner.evaluate(() => room.broadcast("say", ["three"]));
  const log = await follower.evaluate(async () => {
    while (!log.at(-1).endsWith("three")) await new Promise((resolve) => setTimeout(resolve, 10));
    return log.filter((entry) => entry !== "catching-up");
  });
  assert.deepEqual(log, ["connected", "hidden one", "hidden two", "visible three"]);
});

scenario("an owner that is hidden, and has no timers, is never away", { stopsTimers: true }, async (scene) => {
  const server = await scene.server({ options: QUICK });
  // The browser stops the timers of the page that came last.
  const follower = await sdkPage(scene, server.url);
  const owner = await scene.barePage(server.url);
  const uuid = await owner.evaluate(enter);
  await follower.evaluate(enter, uuid);
  await hide(scene, owner, () => isGivenUp(server.port, uuid));
  assert.equal(await owner.evaluate(() => room.broadcast("say", ["one"])), 1);
  await owner.show();
  await owner.evaluate(seen);
  assert.equal(await owner.evaluate(() => room.broadcast("say", ["two"])), 2);
  await follower.waitForFunction(() => log.includes("visible two"), undefined, POLL);
  const heard = await follower.evaluate(() => log.filter((entry) => entry !== "catching-up"));
  assert.deepEqual(heard, ["connected", "visible one", "visible two"]);
  assert.deepEqual(await owner.evaluate(() => log), ["connected"]);
});
