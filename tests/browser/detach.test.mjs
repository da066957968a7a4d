/** A follower that looks around on its own: `detach`, `behind` and `follow`. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

const behind = (page, count) => page.waitForFunction((count) => room.behind === count, count);

/** Everything that the follower was told until it had caught up. */
async function caughtUp(page) {
  await behind(page, 0);
  return page.evaluate(() => told.splice(0));
}

/** A page that owns a room as `owner` and follows it as `room`; `told` has the follower's calls. */
async function bothEnds(scene, url) {
  const page = await sdkPage(scene, url);
  await page.evaluate(async () => {
    globalThis.told = [];
    const note = (name) => (what) => told.push(what === undefined ? name : `${name} ${what}`);
    const functions = { show: note("show"), stop: () => (told.push("stop"), room.detach()) };
    globalThis.owner = await sdk.create(url);
    const callbacks = { onclear: note("clear"), onresync: note("resync"), onaudience: note("audience"), onclose: ({ code }) => told.push(code) };
    globalThis.room = await sdk.join(url, owner.uuid, { functions, ...callbacks });
    // One after the other, because a newer message replaces one that waits to be sent.
    globalThis.act = async () => {
      await owner.broadcast("show", [1], { slot: "one" });
      await owner.broadcast("show", [2], { slot: "two" });
      await owner.broadcast("show", ["live"]);
      await owner.broadcast("show", [3], { slot: "one" });
      await owner.clear("two");
    };
  });
  return page;
}

scenario("a follower that detached catches up with the state, or with every action", {}, async (scene) => {
  const server = await scene.server();
  const page = await bothEnds(scene, server.url);
  await page.evaluate(() => (room.detach(), act()));
  await behind(page, 5);
  assert.deepEqual(await page.evaluate(() => [room.detached, room.status, ...told]), [true, "connected"]);
  await page.evaluate(() => room.follow());
  // Values that were replaced while it was detached are not mentioned.
  assert.deepEqual(await caughtUp(page), ["show 3"]);
  assert.equal(await page.evaluate(() => room.detached), false);

  await page.evaluate(() => (room.detach(), act()));
  await behind(page, 5);
  // It is told nothing before the page's running code has ended.
  assert.deepEqual(await page.evaluate(() => (room.follow("every"), [room.behind, ...told])), [5]);
  assert.deepEqual(await caughtUp(page), ["show 1", "show 2", "show live", "show 3", "clear two"]);
});

scenario("a function may detach, and nothing comes after it", {}, async (scene) => {
  const server = await scene.server();
  const page = await bothEnds(scene, server.url);
  await page.evaluate(() => {
    owner.broadcast("stop");
    owner.broadcast("show", [1]);
    owner.broadcast("stop");
    owner.broadcast("show", [2]);
  });
  await behind(page, 3);
  await page.evaluate(() => room.follow("every"));
  await behind(page, 1);
  assert.deepEqual(await page.evaluate(() => [room.detached, ...told.splice(0)]), [true, "stop", "show 1", "stop"]);
  await page.evaluate(() => room.follow("every"));
  assert.deepEqual(await caughtUp(page), ["show 2"]);
});

scenario("the end is told to a detached follower too", {}, async (scene) => {
  const server = await scene.server();
  const page = await bothEnds(scene, server.url);
  await page.evaluate(() => (room.detach(), act()));
  await behind(page, 5);
  await page.evaluate(() => owner.close());
  await page.waitForFunction(() => told.includes("closed"));
  assert.deepEqual(await page.evaluate(() => [...told, room.detached, room.behind]), ["closed", false, 0]);
});

scenario("who missed too much while detached catches up with the state", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server({ options: ["--ring-actions", "8"] });
  const owner = await sdkPage(scene, server.url);
  const network = await scene.proxy(server);
  const follower = await sdkPage(scene, network.url);
  const uuid = await owner.evaluate(async () => {
    globalThis.room = await sdk.create(url);
    return room.uuid;
  });
  await follower.evaluate(async (uuid) => {
    globalThis.told = [];
    const note = (name) => (what) => told.push(what === undefined ? name : `${name} ${what}`);
    globalThis.room = await sdk.join(url, uuid, { functions: { show: note("show") }, onclear: note("clear"), onresync: note("resync") });
    room.detach();
  }, uuid);
  await owner.evaluate(async () => {
    for (const slot of ["kept", "cleared"]) await room.broadcast("show", [slot], { slot });
  });
  await behind(follower, 2);
  network.cut();
  await follower.waitForFunction(() => room.status === "reconnecting");
  await owner.evaluate(async () => {
    room.clear("cleared");
    for (let number = 0; number < 20; number += 1) await room.broadcast("show", [number]);
    await room.broadcast("show", ["new"], { slot: "new" });
  });
  network.restore();
  await follower.waitForFunction(() => room.status === "connected");
  assert.deepEqual(await follower.evaluate(() => [...told, room.behind]), [4]);
  await follower.evaluate(() => room.follow("every"));
  assert.deepEqual(await caughtUp(follower), ["resync", "show kept", "show cleared", "show new", "clear cleared"]);
});

scenario("a lost connection costs a detached follower nothing", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server();
  const owner = await sdkPage(scene, server.url);
  const network = await scene.proxy(server);
  const follower = await sdkPage(scene, network.url);
  const uuid = await owner.evaluate(async () => {
    globalThis.room = await sdk.create(url);
    return room.uuid;
  });
  await follower.evaluate(async (uuid) => {
    globalThis.told = [];
    globalThis.room = await sdk.join(url, uuid, { functions: { show: (what) => told.push(what) }, onresync: () => told.push("resync") });
    room.detach();
  }, uuid);
  await owner.evaluate(() => room.broadcast("show", [1]));
  await behind(follower, 1);
  network.cut();
  await follower.waitForFunction(() => room.status === "reconnecting");
  await owner.evaluate(() => room.broadcast("show", [2]));
  network.restore();
  await behind(follower, 2);
  assert.deepEqual(await follower.evaluate(() => [room.detached, room.status, ...told]), [true, "connected"]);
  await follower.evaluate(() => room.follow("every"));
  assert.deepEqual(await caughtUp(follower), [1, 2]);
});

scenario("who detaches right after joining is not even told what the room retains", {}, async (scene) => {
  const server = await scene.server();
  const page = await bothEnds(scene, server.url);
  await page.evaluate(async () => {
    await act();
    globalThis.late = [];
    globalThis.room = await sdk.join(url, owner.uuid, { functions: { show: (what) => late.push(what) } });
    room.detach();
  });
  await behind(page, 1);
  assert.deepEqual(await page.evaluate(() => late), []);
  await page.evaluate(() => room.follow());
  await behind(page, 0);
  assert.deepEqual(await page.evaluate(() => late), [3]);
});

scenario("what a detached follower keeps of long messages is bounded", {}, async (scene) => {
  const server = await scene.server();
  const page = await bothEnds(scene, server.url);
  const count = await page.evaluate(async () => {
    const long = "x".repeat(60_000);
    const count = Math.ceil((4 * 1024 * 1024) / long.length);
    room.detach();
    for (let number = 0; number < count; number += 1) await owner.broadcast("show", [number, long]);
    await owner.broadcast("show", ["newest"], { slot: "newest" });
    return count;
  });
  await behind(page, count + 1);
  await page.evaluate(() => room.follow("every"));
  assert.deepEqual(await caughtUp(page), ["resync", `show ${count - 1}`, "show newest"]);
});

scenario("an owner follows nobody, and there are two ways to catch up", {}, async (scene) => {
  const server = await scene.server();
  const page = await bothEnds(scene, server.url);
  const answers = await page.evaluate(() => {
    const code = (call) => {
      try {
        return call();
      } catch ({ name, code }) {
        return `${name} ${code}`;
      }
    };
    return [code(() => owner.detach()), owner.detached, code(() => room.follow("all")), code(() => room.follow(undefined)) ?? "nothing"];
  });
  assert.deepEqual(answers, ["RoomError not_follower", false, "RoomError invalid_argument", "nothing"]);
});
