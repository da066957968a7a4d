/** The hook `useRoom`, in a component under strict mode. */

import assert from "node:assert/strict";
import { after } from "node:test";
import { join } from "node:path";

import { scenario } from "../browser/support/scenario.mjs";
import { bin, project, run } from "./support/project.mjs";

const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "react");
await run(site, bin(site, "esbuild"), [
  "main.jsx", "--bundle", "--format=iife", "--jsx=automatic", "--outfile=bundle.js", "--log-level=error",
  "--log-override:empty-import-meta=silent",
]);

/** A page in which nothing is rendered yet. It has a room that belongs to no component. */
async function empty(scene, server) {
  server ??= await scene.server({ site });
  const page = await scene.open(server.url);
  page.sockets = 0;
  page.on("websocket", () => page.sockets++);
  // Bundled as a plain script, the package cannot know where the WebAssembly is.
  await page.evaluate(() => sdk.init("/node_modules/rtbroadcaster/rtbroadcaster_sdk_bg.wasm"));
  return page;
}

const until = (page, condition) => page.waitForFunction(condition);

scenario("a component owns a room while it is mounted, one, even in strict mode", {}, async (scene) => {
  const page = await empty(scene);
  const before = await page.evaluate(() => {
    show({});
    return used.status;
  });
  assert.equal(before, "connecting");
  await until(page, () => used.room?.isOwner && used.status === "connected");
  assert.equal(page.sockets, 1);
  await page.evaluate(async () => {
    globalThis.follower = await sdk.join("/broadcasting", used.room.uuid, { onclose: ({ code }) => log.push(code) });
    hide();
  });
  await until(page, () => log.includes("closed"));
});

scenario("a component follows, and what it renders newly is called without entering again", {}, async (scene) => {
  const page = await empty(scene);
  await page.evaluate(async () => {
    globalThis.owner = await sdk.create("/broadcasting");
    globalThis.render = (functions) => show({ uuid: owner.uuid, functions });
    render({ goTo: (slide) => log.push(["first", slide]) });
  });
  await until(page, () => used.status === "connected" && used.room);
  await page.evaluate(() => owner.broadcast("goTo", [1]));
  await until(page, () => log.length === 1);
  await page.evaluate(() => {
    render({ goTo: (slide) => log.push(["second", slide]), late: () => log.push(["late"]) });
  });
  await page.evaluate(() => {
    owner.broadcast("goTo", [2]);
    owner.broadcast("late", [], { state: true });
  });
  await until(page, () => log.some(([name]) => name === "late"));
  assert.deepEqual(await page.evaluate(() => log), [["first", 1], ["second", 2], ["late"]]);
  // The owner's socket and the component's.
  assert.equal(page.sockets, 2);
  // Once removed, it is no function of the room any more, and the room reports that.
  await page.evaluate(() => {
    show({ uuid: owner.uuid, onerror: ({ code, key }) => log.push([code, key]) });
    owner.broadcast("late");
  });
  await until(page, () => log.at(-1)[0] === "no_function");
});

scenario("a component leaves its room when it is taken away or given another one", {}, async (scene) => {
  const page = await empty(scene);
  await page.evaluate(async () => {
    globalThis.one = await sdk.create("/broadcasting");
    globalThis.two = await sdk.create("/broadcasting");
    show({ uuid: one.uuid });
  });
  await until(page, () => one.audience?.connected === 1);
  await page.evaluate(() => show({ uuid: two.uuid }));
  await until(page, () => one.audience.connected === 0 && two.audience?.connected === 1 && used.room?.uuid === two.uuid);
  await page.evaluate(() => hide());
  await until(page, () => two.audience.connected === 0);
});

scenario("each connection of a component asks the newest render for its token", { connectionsBreak: true }, async (scene) => {
  const API_KEY = "an-api-key-that-nobody-guesses";
  const environment = { RTBROADCASTER_API_KEYS: API_KEY };
  const server = await scene.server({ site, options: ["--creation", "token"], environment });
  const network = await scene.proxy(server);
  const page = await empty(scene, network);
  await page.evaluate((key) => {
    const token = (name) => () => {
      log.push(name);
      return key;
    };
    globalThis.render = (name) => show({ token: token(name) });
    render("first");
  }, API_KEY);
  await until(page, () => used.room && used.status === "connected");
  await page.evaluate(() => render("second"));
  network.cut();
  network.restore();
  await until(page, () => log.at(-1) === "second" && used.status === "connected");
  assert.equal(await page.evaluate(() => log[0]), "first");
});

scenario("without an address nothing is entered, and what goes wrong is returned", {}, async (scene) => {
  const page = await empty(scene);
  await page.evaluate(() => show({ url: null }));
  await page.evaluate(() => Promise.resolve());
  assert.equal(page.sockets, 0);
  await page.evaluate(() => show({ uuid: "63ca67e0-69bb-4a16-a71f-86a87acbe0b5" }));
  await until(page, () => used.error?.code === "unknown_room" && used.status === "closed");
  await page.evaluate(async () => {
    globalThis.owner = await sdk.create("/broadcasting");
    show({ uuid: owner.uuid });
  });
  await until(page, () => used.room && !used.error && used.status === "connected");
  await page.evaluate(() => owner.close());
  await until(page, () => used.reason?.code === "closed");
});
