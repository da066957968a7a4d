/**
 * A server without a store is killed. The next one has the same secret, so the owner's page opens
 * its room anew, and all pages go on by themselves.
 */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { loadSdk, sdkPage } from "./support/sdk.mjs";

const BREAKS = { connectionsBreak: true };
const environment = { RTBROADCASTER_REOPEN_SECRET: "a secret of more than thirty-two bytes" };
/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20, timeout: 60_000 };

/** Enters a room that `log` tells of: `create` without a uuid. Runs in the page. */
const enter = (page, uuid) =>
  page.evaluate(async (uuid) => {
    globalThis.log = [];
    const options = {
      functions: { goTo: (slide) => log.push(`slide ${slide}`), beep: (number) => log.push(`beep ${number}`) },
      onclear: (slot) => log.push(`cleared ${slot}`),
      onresync: () => {
        log.push("resync");
        if (room.isOwner) room.broadcast("goTo", [7], { state: true });
      },
      onclose: ({ code }) => log.push(`closed ${code}`),
    };
    globalThis.room = uuid ? await sdk.join(url, uuid, options) : await sdk.create(url, { ...options, resume: true });
    return { uuid: room.uuid, resumed: room.resumed };
  }, uuid);

const told = (page, entry) => page.waitForFunction((entry) => log.includes(entry), entry, POLL);

const connected = (page) => page.waitForFunction(() => room.status === "connected", undefined, POLL);

const log = (page) => page.evaluate(() => log);

const goTo = (page, slide) => page.evaluate((slide) => room.broadcast("goTo", [slide], { state: true }), slide);

/** An owner that has been reloaded, so that it was handed its own state, and a follower. */
async function roomWithFollower(scene, server) {
  const owner = await sdkPage(scene, server.url);
  const { uuid } = await enter(owner);
  await goTo(owner, 3);
  await owner.reload();
  await loadSdk(owner);
  assert.deepEqual(await enter(owner), { uuid, resumed: true });
  const follower = await sdkPage(scene, server.url);
  await enter(follower, uuid);
  await told(follower, "slide 3");
  return { owner, follower, uuid };
}

scenario("an owner's page opens its lost room anew, and its followers come back", BREAKS, async (scene) => {
  const server = await scene.server({ environment });
  const { owner, follower, uuid } = await roomWithFollower(scene, server);
  await server.kill();
  await owner.waitForFunction(() => room.status === "reconnecting", undefined, POLL);
  // What it broadcasts meanwhile is taken once.
  const answers = owner.evaluate(() => Promise.all([1, 2, 3].map((number) => room.broadcast("beep", [number]))));
  await scene.server({ environment, port: server.port });

  const [first, ...rest] = await answers;
  assert.deepEqual(rest, [first + 1, first + 2]);
  await told(owner, "resync");
  await told(follower, "slide 7");
  await connected(follower);
  await owner.evaluate(() => room.broadcast("beep", ["last"]));
  await told(follower, "beep last");
  // It undoes nothing, and is called for nothing of its own.
  assert.deepEqual(await log(owner), ["slide 3", "resync"]);
  const heard = await log(follower);
  assert.ok(heard.includes("resync") && !heard.some((entry) => entry.startsWith("closed")), `${heard}`);
  const late = await sdkPage(scene, server.url);
  await enter(late, uuid);
  await told(late, "slide 7");
});

scenario("a follower that is there before its owner waits, and a page that is loaded again opens its room", BREAKS, async (scene) => {
  const server = await scene.server({ environment });
  const { owner, follower, uuid } = await roomWithFollower(scene, server);
  await owner.goto("about:blank");
  await follower.evaluate(() => (room.onretry = ({ code }) => log.push(`retry ${code}`)));
  await server.kill();
  await scene.server({ environment, port: server.port });
  await told(follower, "retry unknown_room");

  await owner.goto(server.url);
  await loadSdk(owner);
  assert.deepEqual(await enter(owner), { uuid, resumed: true });
  assert.deepEqual(await log(owner), []);
  await goTo(owner, 5);
  await told(follower, "slide 5");
  assert.ok(!(await log(follower)).some((entry) => entry.startsWith("closed")));
});

scenario("a follower that no websocket reaches waits too for its owner's return", BREAKS, async (scene) => {
  const server = await scene.server({ environment });
  const owner = await sdkPage(scene, server.url);
  const { uuid } = await enter(owner);
  const network = await scene.proxy(server);
  network.refuseWebsockets();
  const follower = await sdkPage(scene, network.url);
  await enter(follower, uuid);
  await owner.goto("about:blank");
  await follower.evaluate(() => (room.onretry = ({ code }) => log.push(`retry ${code}`)));
  await server.kill();
  await scene.server({ environment, port: server.port });
  await told(follower, "retry unknown_room");
  await owner.goto(server.url);
  await loadSdk(owner);
  assert.deepEqual(await enter(owner), { uuid, resumed: true });
  await goTo(owner, 5);
  await told(follower, "slide 5");
  assert.ok(!(await log(follower)).some((entry) => entry.startsWith("closed")));
});

scenario("a room that its owner closes is not opened anew, and is not kept", BREAKS, async (scene) => {
  const server = await scene.server({ environment });
  const { owner, uuid } = await roomWithFollower(scene, server);
  const claim = await owner.evaluate(() => ({ uuid: room.uuid, ownerKey: room.ownerKey }));
  await owner.evaluate(() => room.close());
  const code = await owner.evaluate((claim) => sdk.create(url, { claim }).catch(({ code }) => code), claim);
  assert.equal(code, "unknown_room");
  const next = await enter(owner);
  assert.equal(next.resumed, false);
  assert.notEqual(next.uuid, uuid);
});

scenario("the demo's presenter goes on with its slide and strokes, by the same link", BREAKS, async (scene) => {
  const server = await scene.server({ environment });
  const presenter = await scene.presenter(server.url);
  const link = await presenter.link();
  const follower = await scene.follower(link);
  await follower.live();
  await presenter.press("ArrowRight");
  await presenter.press("p");
  await presenter.drag({ x: 0.2, y: 0.2 }, { x: 0.8, y: 0.8 });
  await server.kill();
  await presenter.status("reconnecting");
  const next = await scene.server({ environment, port: server.port });
  await presenter.status("connected");
  const strokes = await presenter.strokes();
  await follower.live();
  for (const page of [follower, await scene.follower(link)]) {
    await page.slide(2);
    await page.sameStrokes(strokes);
  }

  await next.kill();
  await scene.server({ environment, port: server.port });
  await presenter.status("connected");
  await presenter.page.reload();
  await presenter.ready();
  assert.equal(await presenter.link(), link);
});
