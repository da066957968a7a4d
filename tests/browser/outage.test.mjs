/** After an outage a page is on a websocket again, and is told the truth of failed attempts. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

const BREAKS = { connectionsBreak: true };
/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20 };

/** Counts the websockets of a page that have opened and those that have failed. */
const countSockets = (page) =>
  page.evaluate(() => {
    globalThis.opened = globalThis.failed = 0;
    globalThis.WebSocket = class extends WebSocket {
      constructor(...args) {
        super(...args);
        let isOpen = false;
        this.addEventListener("open", () => (isOpen = true) && (opened += 1));
        this.addEventListener("close", () => isOpen || (failed += 1));
      }
    };
  });

const requests = (page) =>
  page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name.replace(/.*\/broadcasting\//, "")));

async function create() {
  globalThis.log = [];
  globalThis.room = await sdk.create(url, {
    onstatus: (status) => log.push(status),
    onretry: ({ name, code }) => log.push(`${name} ${code}`),
  });
}

for (const failures of [2, 3]) {
  scenario(`after ${failures} attempts without a server a page is on a websocket`, BREAKS, async (scene) => {
    const server = await scene.server();
    const network = await scene.proxy(server);
    const page = await sdkPage(scene, network.url);
    await countSockets(page);
    await page.evaluate(create);
    network.cut();
    await page.waitForFunction((failures) => failed === failures, failures, { ...POLL, timeout: 60_000 });
    network.restore();
    await page.waitForFunction(() => room.connected, undefined, { ...POLL, timeout: 60_000 });
    assert.equal(await page.evaluate(() => opened), 2);
    assert.deepEqual((await requests(page)).filter((name) => name.includes("/events")), []);
    assert.deepEqual(
      await page.evaluate(() => log.filter((entry) => entry !== "connected")),
      ["reconnecting", ...Array(failures).fill("RoomError connection_failed")],
    );
  });
}

scenario("a page on plain HTTP goes back to a websocket when one opens, and nothing is lost", BREAKS, async (scene) => {
  const server = await scene.server();
  const network = await scene.proxy(server);
  network.refuseWebsockets();
  const page = await sdkPage(scene, network.url);
  await countSockets(page);
  await page.evaluate(create);
  assert.equal(await page.evaluate(() => opened), 0);
  const follower = await sdkPage(scene, server.url);
  await follower.evaluate(async (uuid) => {
    globalThis.numbers = [];
    globalThis.room = await sdk.join(url, uuid, { functions: { number: (number) => numbers.push(number) } });
  }, await page.evaluate(() => room.uuid));

  network.refuseWebsockets({ refuses: false });
  const seqs = await page.evaluate(async () => {
    const answers = [];
    for (let number = 1; number <= 400; number += 1) {
      answers.push(room.broadcast("number", [number]));
      // The network has changed.
      if (number === 200) dispatchEvent(new Event("online"));
      if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    return Promise.all(answers);
  });
  const numbers = Array.from({ length: 400 }, (_, index) => index + 1);
  assert.deepEqual(seqs, numbers);
  await follower.waitForFunction(() => numbers.length >= 400, undefined, POLL);
  assert.deepEqual(await follower.evaluate(() => numbers), numbers);
  // The trial, and the one that the room goes over now.
  await page.waitForFunction(() => opened === 2 && room.status === "connected", undefined, POLL);
  await page.evaluate(() => room.broadcast("number", ["end"]));
  await follower.waitForFunction(() => numbers.at(-1) === "end", undefined, POLL);
});

scenario("a page that was live hears that the server has lost its room", BREAKS, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const uuid = await page.evaluate(async () => {
    const { uuid, ownerKey } = await sdk.create(url);
    globalThis.ends = [];
    for (const entering of [sdk.create(url, { claim: { uuid, ownerKey } }), sdk.join(url, uuid)]) {
      (await entering).onclose = (reason) => ends.push(reason);
    }
    return uuid;
  });
  await server.kill();
  await scene.server({ port: server.port });
  await page.waitForFunction(() => ends.length === 2, undefined, POLL);
  const lost = { code: "unknown_room", message: "the server has lost this room" };
  assert.deepEqual(await page.evaluate(() => ends), [lost, lost]);
  // Somebody who was never in the room may have mistyped the link.
  const refused = await page.evaluate((uuid) => sdk.join(url, uuid).catch(({ code, message }) => ({ code, message })), uuid);
  assert.equal(refused.code, "unknown_room");
  assert.notEqual(refused.message, lost.message);
});

/** Why `create` fails at an address, and the codes that `onretry` was told before. */
const failure = (page, address) =>
  page.evaluate(async (address) => {
    const retries = [];
    const onretry = ({ code }) => retries.push(code);
    const error = await sdk.create(address, { timeout: 6_000, onretry }).catch((error) => error);
    return { code: error.code, message: error.message, retries };
  }, address);

scenario("what a page could learn of an address that fails is in the error", BREAKS, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  const stranger = await scene.server({ options: ["--allow-origin", "https://elsewhere.example"] });
  const gone = await scene.server();
  await gone.kill();
  const [path, origin, nobody] = await Promise.all([
    failure(page, `${server.url}wrong/path`),
    failure(page, `${stranger.url}broadcasting`),
    failure(page, `${gone.url}broadcasting`),
  ]);
  for (const { code, retries } of [path, origin, nobody]) {
    assert.equal(code, "connection_failed");
    assert.ok(retries.length >= 2 && retries.every((code) => code === "connection_failed"), `${retries}`);
  }
  assert.match(path.message, /HTTP status 404/);
  assert.match(origin.message, /must allow this page's origin/);
  assert.match(nobody.message, /check its address/);
});

scenario("a refusal that was heard on the way is why a page gives up", BREAKS, async (scene) => {
  const server = await scene.server({ options: ["--rooms-per-minute-per-address", "30"] });
  const page = await sdkPage(scene, server.url);
  const error = await page.evaluate(async () => {
    for (let opened = 0; opened < 30; opened += 1) await sdk.create(url);
    // The first socket hears the refusal, and no later one opens.
    let sockets = 0;
    globalThis.WebSocket = class extends WebSocket {
      constructor(...args) {
        if ((sockets += 1) > 1) return { readyState: 0, close() {} };
        super(...args);
      }
    };
    const { code, message } = await sdk.create(url, { timeout: 6_000 }).catch((error) => error);
    return { code, message, sockets };
  });
  assert.equal(error.code, "rate_limited", error.message);
  assert.ok(error.sockets > 1, "it was obeyed");
});
