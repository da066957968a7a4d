/** A thousand numbered actions while pages reload, break off or go offline: each comes once. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { loadSdk, sdkPage } from "./support/sdk.mjs";

const ACTIONS = 1_000;

/** How far the owner's page counts on after the number at which it is disturbed. */
const LEAD = 150;

/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20 };

/**
 * The owner's application, which knows nothing of connections. It counts on from the room's number,
 * and never waits for an answer. Runs in the page.
 */
async function count(last) {
  globalThis.highest = 0;
  const functions = { number: (number) => (highest = Math.max(highest, number)) };
  globalThis.last = last;
  globalThis.room = await sdk.create(url, { resume: true, functions });
  const start = { uuid: room.uuid, resumed: room.resumed, from: highest + 1 };
  setInterval(() => {
    if (highest >= globalThis.last) return;
    highest += 1;
    room.broadcast("number", [highest], { slot: `number-${highest}` });
  }, 4);
  return start;
}

/** The followers' application, which also records what the SDK did for it. Runs in the page. */
async function collect(uuid) {
  globalThis.numbers = [];
  globalThis.breaks = 0;
  await sdk.join(url, uuid, {
    functions: { number: (number) => numbers.push(number) },
    onstatus: (status) => (breaks += status === "reconnecting"),
  });
}

/** @param {string} base of the server, or of the proxy in front of it */
async function follow(scene, base, uuid) {
  return joined(await sdkPage(scene, base), uuid);
}

async function joined(page, uuid) {
  await page.evaluate(collect, uuid);
  return page;
}

const countTo = (page, last) => page.evaluate((last) => (globalThis.last = last), last);
const has = (page, count) => page.waitForFunction((count) => numbers.length >= count, count, POLL);
const broken = (page, times) => page.waitForFunction((times) => breaks >= times, times, POLL);
const hasCounted = (page) => page.waitForFunction(() => highest === last, undefined, POLL);

/** Brings a page back online. */
async function plugIn(page, network) {
  network.restore();
  await page.context().setOffline(false);
}

scenario("a thousand numbers arrive once each and in order", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server();
  const [itsNetwork, othersNetwork] = [await scene.proxy(server), await scene.proxy(server)];
  const owner = await sdkPage(scene, itsNetwork.url);
  const first = await owner.evaluate(count, 250 + LEAD);
  assert.deepEqual([first.resumed, first.from], [false, 1]);
  const steady = await joined(await loadSdk(await scene.openElsewhere(server.url)), first.uuid);
  const shaken = await follow(scene, othersNetwork.url, first.uuid);

  await has(steady, 250);
  await owner.reload();
  await loadSdk(owner);
  const second = await owner.evaluate(count, 500 + LEAD);
  assert.deepEqual([second.uuid, second.resumed], [first.uuid, true]);

  await has(steady, 500);
  for (const network of [itsNetwork, othersNetwork]) {
    network.cut();
    network.restore();
  }
  await countTo(owner, 750 + LEAD);
  await broken(shaken, 1);

  await has(steady, 750);
  // An offline browser may not report that a connection has ended: the owner finds out once it is
  // back online.
  await owner.context().setOffline(true);
  itsNetwork.cut();
  // The follower notices at once.
  othersNetwork.cut();
  await broken(shaken, 2);
  await shaken.context().setOffline(true);
  await countTo(owner, ACTIONS);
  await hasCounted(owner);
  await plugIn(owner, itsNetwork);
  await has(steady, ACTIONS);
  await plugIn(shaken, othersNetwork);
  await has(shaken, ACTIONS);

  // Repeated or late messages would come before this one.
  await owner.evaluate(() => room.broadcast("number", ["end"]));
  const expected = [...Array.from({ length: ACTIONS }, (_, index) => index + 1), "end"];
  for (const page of [steady, shaken]) {
    await page.waitForFunction(() => numbers.includes("end"), undefined, POLL);
    assert.deepEqual(await page.evaluate(() => numbers), expected);
  }
  assert.equal(await steady.evaluate(() => breaks), 0);
});
