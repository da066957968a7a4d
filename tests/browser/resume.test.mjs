/**
 * The option `resume`: an owner keeps its room across reloads, and is told so if its browser
 * forbids that.
 */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { loadSdk, sdkPage } from "./support/sdk.mjs";

const BREAKS = { connectionsBreak: true };

/** Creates a room as `room`. Returns what a page sees of it when it gets it. Runs in the page. */
const open = (page, options = {}) =>
  page.evaluate(async (options) => {
    const seen = [];
    const functions = { goTo: (slide) => seen.push(slide) };
    globalThis.room = await sdk.create(url, { resume: true, functions, ...options });
    return { uuid: room.uuid, resumed: room.resumed, seen: [...seen] };
  }, options);

const kept = (page) => page.evaluate(() => Object.keys(sessionStorage));

/** Waits until the page's room has ended, and until the effects of that have happened. */
const ended = (page) => page.evaluate(() => new Promise((resolve) => (room.onclose = ({ code }) => resolve(code))));

scenario("a page that is loaded again has its room, and is shown what its audience sees", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const first = await open(page);
  assert.deepEqual([first.resumed, first.seen], [false, []]);
  await page.evaluate(() => room.broadcast("goTo", [1], { state: true }));
  await page.evaluate(() => room.broadcast("goTo", [3], { state: true }));
  assert.deepEqual(await kept(page), [`rtbroadcaster:${server.url}broadcasting`]);

  for (let time = 0; time < 2; time += 1) {
    await page.reload();
    await loadSdk(page);
    assert.deepEqual(await open(page), { uuid: first.uuid, resumed: true, seen: [3] });
    assert.equal(await page.evaluate(() => room.status), "connected");
  }
  assert.equal(await page.evaluate(() => room.broadcast("goTo", [4])), 3);
  assert.ok(!page.url().includes(await page.evaluate(() => room.ownerKey)));
});

scenario("of two that take the same room back the last one has it, and the other stays out", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const first = await open(page, { resume: "tour" });
  assert.deepEqual(await kept(page), ["rtbroadcaster:tour"]);
  const other = await open(page, { resume: "another tour" });
  assert.notEqual(other.uuid, first.uuid);

  await open(page, { resume: "tour" });
  const superseded = ended(page);
  const second = await page.evaluate(async () => {
    const { uuid, resumed } = await sdk.create(url, { resume: "tour" });
    return { uuid, resumed };
  });
  assert.deepEqual(second, { uuid: first.uuid, resumed: true });
  assert.equal(await superseded, "superseded");
  assert.deepEqual((await kept(page)).sort(), ["rtbroadcaster:another tour", "rtbroadcaster:tour"]);
  assert.equal(await page.evaluate(() => room.broadcast("goTo").catch((error) => error.code)), "closed");
});

scenario("a room that is over is not kept", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const first = await open(page);
  const keptAtTheEnd = await page.evaluate(async () => {
    const told = new Promise((resolve) => (room.onclose = () => resolve(Object.keys(sessionStorage))));
    await room.close();
    return told;
  });
  assert.deepEqual(keptAtTheEnd, []);
  const next = await open(page);
  assert.equal(next.resumed, false);
  assert.notEqual(next.uuid, first.uuid);
});

scenario("a room that the server has forgotten is replaced by a new one", BREAKS, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const first = await open(page);
  await server.kill();
  const second = await scene.server({ port: server.port });
  await page.reload();
  await loadSdk(page);
  const next = await open(page);
  assert.equal(next.resumed, false);
  assert.notEqual(next.uuid, first.uuid);

  // If that happens while the page is open, it is told, and the room is no longer kept.
  const told = ended(page);
  await second.kill();
  await scene.server({ port: server.port });
  assert.equal(await told, "unknown_room");
  assert.deepEqual(await kept(page), []);
});

scenario("what is kept and can't be right is replaced by a new room", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const other = await open(page);
  const entries = [
    "no JSON",
    "null",
    JSON.stringify({ uuid: other.uuid }),
    JSON.stringify({ uuid: other.uuid, ownerKey: 7 }),
    JSON.stringify({ uuid: other.uuid, ownerKey: "another one's" }),
    JSON.stringify({ uuid: "no uuid", ownerKey: "key" }),
  ];
  for (const entry of entries) {
    await page.evaluate((entry) => sessionStorage.setItem("rtbroadcaster:tour", entry), entry);
    const { uuid, resumed } = await open(page, { resume: "tour" });
    assert.equal(resumed, false, entry);
    assert.notEqual(uuid, other.uuid);
    const now = await page.evaluate(() => JSON.parse(sessionStorage.getItem("rtbroadcaster:tour")).uuid);
    assert.equal(now, uuid);
  }
});

scenario("a server that can't be reached is no reason to forget the room", BREAKS, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  await open(page, { resume: "tour" });
  await server.kill();
  const attempt = () => sdk.create(url, { resume: "tour", timeout: 50 }).catch((error) => error.code);
  assert.equal(await page.evaluate(attempt), "connection_failed");
  assert.deepEqual(await kept(page), ["rtbroadcaster:tour"]);
});

scenario("an application may bring a storage of its own", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const uuids = await page.evaluate(async () => {
    const options = { resume: true, storage: localStorage };
    const [first, second] = [await sdk.create(url, options), await sdk.create(url, options)];
    return [first.uuid, second.uuid];
  });
  assert.equal(uuids[0], uuids[1]);
  assert.deepEqual(await kept(page), []);

  // A room of another tab that was kept later is not forgotten with this one.
  const left = await page.evaluate(async () => {
    const storage = localStorage;
    const [entry] = Object.keys(storage);
    const room = await sdk.create(url, { resume: true, storage });
    storage.setItem(entry, JSON.stringify({ uuid: "another", ownerKey: "key" }));
    await room.close();
    return JSON.parse(storage.getItem(entry)).uuid;
  });
  assert.equal(left, "another");
});

scenario("where storage is forbidden the page has its room as long as it lives, and is told once", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const told = await page.evaluate(async () => {
    Object.defineProperty(globalThis, "sessionStorage", {
      get() {
        throw new DOMException("cookies are blocked", "SecurityError");
      },
    });
    const errors = [];
    let isCreating = true;
    const onerror = ({ name, code, cause }) => errors.push([name, code, cause.name, isCreating]);
    const first = await sdk.create(url, { resume: true, onerror });
    isCreating = false;
    await new Promise((resolve) => setTimeout(resolve));
    const second = await sdk.create(url, { resume: true, onerror });
    await second.broadcast("goTo", [1]);
    await second.close();
    const third = await sdk.create(url, { resume: true, onerror });
    return { errors, same: first.uuid === second.uuid, resumed: [first, second, third].map((room) => room.resumed) };
  });
  assert.deepEqual(told, {
    errors: [["RoomError", "storage_unavailable", "SecurityError", false]],
    same: true,
    resumed: [false, true, false],
  });
});

scenario("a storage that is full is reported too, as a warning if nobody listens", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const warnings = await page.evaluate(async () => {
    const storage = {
      getItem: () => null,
      setItem() {
        throw new Error("full");
      },
      removeItem() {},
    };
    const warning = new Promise((resolve) => (console.warn = (error) => resolve([error.code, error.cause.message])));
    const first = await sdk.create(url, { resume: true, storage });
    const second = await sdk.create(url, { resume: true, storage });
    return [...(await warning), first.uuid === second.uuid];
  });
  assert.deepEqual(warnings, ["storage_unavailable", "full", true]);
});

scenario("what can't be meant is an invalid argument", {}, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const codes = await page.evaluate(() => {
    const attempts = [
      { resume: true, claim: { uuid: "x", ownerKey: "y" } },
      { resume: "" },
      { resume: 7 },
      { resume: true, storage: {} },
      { resume: true, timeout: -1 },
    ];
    return Promise.all(attempts.map((options) => sdk.create(url, options).catch(({ name, code }) => name + code)));
  });
  assert.deepEqual(new Set(codes), new Set(["RoomErrorinvalid_argument"]));
  const inUrl = await page.evaluate(() => sdk.create("ftp://host", { resume: true }).catch(({ code }) => code));
  assert.equal(inUrl, "invalid_argument");
  const without = await page.evaluate(async () => (await sdk.create(url, { resume: false })).resumed);
  assert.equal(without, false);
  assert.deepEqual(await kept(page), []);
});
