/** Where websockets are blocked, the SDK itself changes to plain HTTP, and every promise holds. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

const ACTIONS = 1_000;
/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20 };

/** Counts the messages that reach a follower's page. */
async function follow(uuid) {
  globalThis.numbers = [];
  globalThis.log = [];
  globalThis.room = await sdk.join(url, uuid, {
    functions: { number: (number) => numbers.push(number), title: (text) => log.push(["title", text]) },
    onstatus: (status) => log.push(["status", status]),
    onowner: (presence) => log.push(["owner", presence]),
    onclose: ({ code }) => log.push(["close", code]),
    onclear: (slot) => log.push(["clear", slot]),
    onerror: (error) => log.push(["error", error.code]),
  });
}

const has = (page, count) => page.waitForFunction((count) => numbers.length >= count, count, POLL);
const logged = (page, entry) =>
  page.waitForFunction((entry) => log.some((other) => JSON.stringify(other) === entry), JSON.stringify(entry), POLL);
const fallsBack = (page) =>
  page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("fetch-socket")));

/** A page behind a network that lets no websockets through. */
async function blockedPage(scene, server) {
  const network = await scene.proxy(server);
  network.refuseWebsockets();
  return { network, page: await sdkPage(scene, network.url) };
}

scenario("a thousand actions arrive once each where websockets are blocked", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server();
  const { page: owner, network: ownersNetwork } = await blockedPage(scene, server);
  const uuid = await owner.evaluate(async () => {
    globalThis.audience = [];
    globalThis.room = await sdk.create(url, { onaudience: (now) => audience.push(now.connected) });
    return room.uuid;
  });
  assert.equal(ownersNetwork.refused, 3, "the last one after the server had answered");
  await owner.evaluate(() => room.broadcast("title", ["hello"], { state: true }));

  const { page: blocked, network } = await blockedPage(scene, server);
  await blocked.evaluate(follow, uuid);
  await logged(blocked, ["title", "hello"]);
  const free = await sdkPage(scene, server.url);
  await free.evaluate(follow, uuid);
  assert.deepEqual([await fallsBack(blocked), await fallsBack(free)], [true, false], "only who needs it loads it");

  const answers = owner.evaluate(async (count) => {
    const seqs = [];
    for (let number = 1; number <= count; number += 1) {
      seqs.push(room.broadcast("number", [number]));
      if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    return Promise.all(seqs);
  }, ACTIONS);
  for (const [count, cut] of [[200, network], [400, ownersNetwork], [600, network]]) {
    await has(free, count);
    cut.cut();
    cut.restore();
  }
  assert.deepEqual(await answers, Array.from({ length: ACTIONS }, (_, index) => index + 2));

  // Repeated or late messages would come before this one.
  await owner.evaluate(() => room.broadcast("number", ["end"]));
  const expected = [...Array.from({ length: ACTIONS }, (_, index) => index + 1), "end"];
  for (const page of [blocked, free]) {
    await page.waitForFunction(() => numbers.includes("end"), undefined, POLL);
    assert.deepEqual(await page.evaluate(() => numbers), expected);
  }
  await owner.waitForFunction(() => audience.includes(2), undefined, POLL);
  await owner.evaluate(() => room.clear("title"));
  await logged(blocked, ["clear", "title"]);

  await owner.evaluate(() => room.close());
  for (const page of [blocked, free]) await logged(page, ["close", "closed"]);
});

scenario("a network that swallows websockets is found out before a page is given up", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server();
  const network = await scene.proxy(server);
  network.refuseWebsockets({ silently: true });
  const page = await sdkPage(scene, network.url);
  const seq = await page.evaluate(async () => (await sdk.create(url)).broadcast("number", [1]));
  assert.deepEqual([seq, network.refused], [1, 2]);
});

scenario("an owner that is too fast is slowed down over HTTP too, and loses nothing", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server({ options: ["--owner-actions-per-second", "100"] });
  const page = await sdkPage(scene, server.url);
  const seqs = await page.evaluate(async () => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const room = await sdk.create(url, { WebSocket: FetchSocket });
    const answers = [];
    for (let number = 1; number <= 250; number += 1) {
      answers.push(room.broadcast("number", [number]));
      if (number % 25 === 0) await answers.at(-1);
    }
    return Promise.all(answers);
  });
  assert.deepEqual(seqs, Array.from({ length: 250 }, (_, index) => index + 1));
});

scenario("what is refused over HTTP is told as over a websocket", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server({ options: ["--slots-per-room", "1"] });
  const { page } = await blockedPage(scene, server);
  const codes = await page.evaluate(async () => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const code = (error) => error.code;
    const options = { WebSocket: FetchSocket };
    const room = await sdk.create(url, options);
    const told = [await room.broadcast("a", [], { state: true })];
    told.push(await room.broadcast("b", [], { state: true }).catch(code));
    told.push(await room.broadcast("c"));
    const claim = { uuid: room.uuid, ownerKey: room.ownerKey };
    told.push(await sdk.create(url, { ...options, claim: { ...claim, ownerKey: "wrong" } }).catch(code));
    told.push(await sdk.join(url, "00000000-0000-4000-8000-000000000000", options).catch(code));

    const ended = new Promise((resolve) => (room.onclose = ({ code }) => resolve(code)));
    const later = await sdk.create(url, { ...options, claim });
    told.push(await ended, await later.broadcast("d"));
    const follower = await sdk.join(url, room.uuid, options);
    const left = new Promise((resolve) => (follower.onclose = ({ code }) => resolve(code)));
    await follower.close();
    told.push(await left);
    return told;
  });
  assert.deepEqual(codes, [1, "too_many_slots", 2, "wrong_owner_key", "unknown_room", "superseded", 3, "left"]);
});

/**
 * Opens a room with a {@link FetchSocket} alone, without a room of the SDK around it. `heard` has
 * the messages that it receives.
 */
async function openBare() {
  const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
  globalThis.heard = [];
  globalThis.socket = new FetchSocket(url.href);
  socket.onmessage = ({ data }) => heard.push(...data.split("\n").map((line) => JSON.parse(line)));
  socket.onclose = ({ code }) => heard.push({ code });
  await new Promise((resolve) => (socket.onopen = resolve));
  socket.send(JSON.stringify({ v: 2, session: "s", status: { value: 1 } }));
}

scenario("a room that is closed as soon as it is opened is closed, under its epoch", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server();
  const page = await sdkPage(scene, server.url);
  await page.evaluate(openBare);
  // Before the server has answered, and so before there is an epoch.
  await page.evaluate(() => socket.send(JSON.stringify({ status: { value: 4 } })));
  await page.waitForFunction(() => heard.at(-1)?.code, undefined, POLL);
  const { code, closed } = await page.evaluate(() => {
    const [{ uuid }] = heard;
    const requests = performance.getEntriesByType("resource").map(({ name }) => name);
    return { code: heard.at(-1).code, closed: requests.some((name) => new RegExp(`/rooms/${uuid}\\?epoch=\\d+$`).test(name)) };
  });
  assert.deepEqual({ code, closed }, { code: 4500, closed: true });
});

scenario("while a server waits to drain, those who go by HTTP find it alive", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server({ options: ["--drain-delay-ms", "86400000"] });
  const page = await sdkPage(scene, server.url);
  await page.evaluate(openBare);
  await page.waitForFunction(() => heard.length, undefined, POLL);
  server.terminate();
  const isEnding = async () => (await fetch(`${url.href}/openapi.json`, { method: "HEAD" })).status === 503;
  await page.waitForFunction(isEnding, undefined, POLL);
  await page.evaluate(() => socket.send(JSON.stringify({ ping: 7 })));
  await page.waitForFunction(() => heard.some(({ pong }) => pong === 7), undefined, POLL);
});

scenario("a page that came while the server was full is on a websocket in the end", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server({ options: ["--connections", "1"] });
  const first = await sdkPage(scene, server.url);
  await first.evaluate(async () => (globalThis.room = await sdk.create(url)));
  const page = await sdkPage(scene, server.url);
  await page.evaluate(() => {
    globalThis.opened = 0;
    globalThis.WebSocket = class extends WebSocket {
      constructor(...args) {
        super(...args);
        this.addEventListener("open", () => (opened += 1));
      }
    };
    globalThis.creating = sdk.create(url);
  });
  const wasRefused = () =>
    performance.getEntriesByType("resource").some(({ name, responseStatus }) => name.includes("/events") && responseStatus === 503);
  await page.waitForFunction(wasRefused, undefined, POLL);
  await first.evaluate(() => room.close());
  assert.deepEqual(await page.evaluate(async () => [await (await creating).broadcast("number", [1]), opened]), [1, 1]);
});
