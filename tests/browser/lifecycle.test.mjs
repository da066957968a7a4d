/** Pages that the browser keeps while nobody sees them, or freezes, are away, and back at once. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

/** The browser keeps pages that are left, as it does for users; playwright switches that off. */
const KEEPS_PAGES = { keepsPages: true, connectionsBreak: true };
/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20 };

const logged = (page, entry) => page.waitForFunction((entry) => log.includes(entry), entry, POLL);

/** A page with a new room, and a page that follows it. */
async function pair(scene, { overHttp = false } = {}) {
  const server = await scene.server();
  const owner = await sdkPage(scene, server.url);
  const uuid = await owner.evaluate(enter, { overHttp });
  const follower = await sdkPage(scene, server.url);
  await follower.evaluate(enter, { uuid, overHttp });
  await logged(follower, "connected");
  return { server, owner, follower };
}

/** Enters a room, and writes down what the page is told. */
async function enter({ uuid, overHttp }) {
  globalThis.log = [];
  const options = {
    functions: { say: (text) => log.push(`say ${text}`) },
    onstatus: (status) => log.push(status),
    onowner: (presence) => log.push(presence),
    onclose: ({ code }) => log.push(`end ${code}`),
    onretry: ({ code }) => log.push(`retry ${code}`),
  };
  if (overHttp) options.WebSocket = (await import("/rtbroadcaster/fetch-socket.js")).FetchSocket;
  globalThis.room = await (uuid ? sdk.join(url, uuid, options) : sdk.create(url, options));
  addEventListener("pageshow", ({ persisted }) => log.push(`shown ${persisted}`));
  return room.uuid;
}

/** The user clicks on a link to another page, and later goes back. */
const leave = (page, server) => page.goto(`${server.url}follow.html`);

async function comeBack(page) {
  // Playwright waits for a page to load, and this one was loaded before.
  await page.evaluate(() => void setTimeout(() => history.back()));
  await page.waitForFunction(() => globalThis.log?.includes("shown true"), undefined, POLL);
}

for (const overHttp of [false, true]) {
  const way = overHttp ? "over HTTP" : "over a websocket";

  scenario(`an owner that left its page is away at once and comes back with it, ${way}`, KEEPS_PAGES, async (scene) => {
    const { server, owner, follower } = await pair(scene, { overHttp });
    await owner.evaluate(() => addEventListener("pagehide", () => room.broadcast("say", ["bye"], { state: true })));
    await leave(owner, server);
    await logged(follower, "away");
    // The page's last words; a request may be cut off, and is then sent again.
    if (!overHttp) assert.ok(await follower.evaluate(() => log.includes("say bye")), "before it is away");
    await comeBack(owner);
    await logged(follower, "say bye");
    await logged(follower, "here");
    await owner.evaluate(() => room.broadcast("say", ["again"]));
    await logged(follower, "say again");
    // Without a wait, and so without an attempt that fails.
    const told = await owner.evaluate(() => log.filter((entry) => /retry|end/.test(entry)));
    assert.deepEqual(told, []);
  });

  scenario(`a follower that left its page has missed nothing when it is back, ${way}`, KEEPS_PAGES, async (scene) => {
    const { server, owner, follower } = await pair(scene, { overHttp });
    await leave(follower, server);
    await owner.waitForFunction(() => room.audience?.connected === 0, undefined, POLL);
    const texts = Array.from({ length: 50 }, (_, index) => `say ${index}`);
    await owner.evaluate(async (count) => {
      for (let index = 0; index < count; index += 1) await room.broadcast("say", [index]);
    }, texts.length);
    await comeBack(follower);
    await logged(follower, texts.at(-1));
    assert.deepEqual(await follower.evaluate(() => log.filter((entry) => entry.startsWith("say"))), texts);
  });
}

scenario("a page may still close its room while it is being left", KEEPS_PAGES, async (scene) => {
  const { server, owner, follower } = await pair(scene);
  await owner.evaluate(() => addEventListener("pagehide", () => room.close()));
  await leave(owner, server);
  await logged(follower, "end closed");
});

/** A page that can be frozen, with the package as {@link sdkPage} has it. */
async function freezablePage(scene, base) {
  const page = await scene.barePage(base);
  await page.evaluate(async () => {
    globalThis.sdk = await import("/rtbroadcaster/index.js");
    globalThis.url = new URL("/broadcasting", location.href);
  });
  return page;
}

scenario("an owner in a tab that freezes is away at once, and back at once", KEEPS_PAGES, async (scene) => {
  const server = await scene.server();
  const owner = await freezablePage(scene, server.url);
  const follower = await sdkPage(scene, server.url);
  await follower.evaluate(enter, { uuid: await owner.evaluate(enter, {}) });
  await logged(follower, "connected");
  await owner.setState("frozen");
  await logged(follower, "away");
  await owner.setState("active");
  await logged(follower, "here");
  await owner.evaluate(() => room.broadcast("say", ["again"]));
  await logged(follower, "say again");
  // Without a wait, and so without an attempt that fails.
  assert.deepEqual(await owner.evaluate(() => log), ["connected", "reconnecting", "connected"]);
});

scenario("a follower in a tab that was frozen has missed nothing", KEEPS_PAGES, async (scene) => {
  const server = await scene.server();
  const owner = await sdkPage(scene, server.url);
  const follower = await freezablePage(scene, server.url);
  await follower.evaluate(enter, { uuid: await owner.evaluate(enter, {}) });
  await owner.waitForFunction(() => room.audience?.connected === 1, undefined, POLL);
  await owner.evaluate(() => room.broadcast("say", ["before"]));
  await follower.setState("frozen");
  await owner.waitForFunction(() => room.audience.connected === 0, undefined, POLL);
  const texts = Array.from({ length: 20 }, (_, index) => `say ${index}`);
  await owner.evaluate(async (count) => {
    for (let index = 0; index < count; index += 1) await room.broadcast("say", [index]);
  }, texts.length);
  await follower.setState("active");
  await owner.waitForFunction(() => room.audience.connected === 1, undefined, POLL);
  const told = await follower.evaluate(async (last) => {
    while (!log.includes(last)) await new Promise((resolve) => setTimeout(resolve, 10));
    return log;
  }, texts.at(-1));
  const missed = ["reconnecting", "catching-up", ...texts, "connected"];
  assert.deepEqual(told.slice(told.indexOf("say before") + 1), missed);
});
