/** `rtbroadcaster/classic` behaves as the original's class did, one behaviour after the other. */

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

import { scenario } from "../browser/support/scenario.mjs";
import { startServer } from "../browser/support/server.mjs";
import { startOriginalServer } from "./support/original-server.mjs";
import { project } from "./support/project.mjs";

const ORIGINAL_CLASS = fileURLToPath(new URL("../browser/original/client.js", import.meta.url));
const MEMBERS = ["suscribeFunc", "unsuscribeFunc", "sendAction", "sendMessage"];

const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "classic");
await copyFile(ORIGINAL_CLASS, join(site, "client.js"));

/**
 * One server for all tests, because rooms do not know of each other. Pages of other origins may
 * connect, as through a proxy.
 */
const files = await startServer({ site, options: ["--allow-origin", "*"] });
undo.push(() => files.kill());

/** A page that has the class and watches it. */
class ClassicPage {
  constructor(page, url) {
    this.page = page;
    this.url = url;
  }

  /** Constructs the class with functions for these keys. Returns its properties at that moment. */
  start(...keys) {
    return this.page.evaluate(
      ([url, keys]) => {
        const said = start(url);
        for (const key of keys) client.suscribeFunc(key, note(key));
        return said;
      },
      [this.url, keys],
    );
  }

  /** What was noted so far. */
  log() {
    return this.page.evaluate(() => log);
  }

  /** Waits until something of that name was noted. */
  async noted(name, count = 1) {
    await this.page.waitForFunction(([name, count]) => log.filter((entry) => entry[0] === name).length >= count, [name, count]);
    return this.log();
  }

  async uuid() {
    await this.noted("connection");
    return this.page.evaluate(() => client.uuid);
  }

  send(...actions) {
    return this.page.evaluate((actions) => actions.map((action) => typeof client.sendAction(...action)), actions);
  }

  /** The calls of functions so far, without the callbacks. */
  async calls() {
    const callbacks = ["open", "connection", "close", "error"];
    return (await this.log()).filter(([name]) => !callbacks.includes(name));
  }
}

/** The page with the original's class, or its stand-in: a shared behaviour is none of our own. */
const ORIGINAL = "original.html";
const OURS = "module.html";
const SCRIPT = "script.html";

/**
 * A behaviour of the class, shown in each of these pages against each of these servers.
 *
 * With `breaks`, connections break and the browser may report it. With `warns`, the class may warn.
 *
 * @param {{ pages?: string[], servers?: string[], breaks?: boolean, warns?: boolean }} options
 */
function behaviour(name, options, run) {
  const { pages = [ORIGINAL, OURS], servers = ["our", "original"], breaks, warns } = options;
  for (const page of pages) {
    for (const server of servers) {
      scenario(`${name} (${page}, ${server} server)`, { connectionsBreak: breaks }, async (scene) => {
        const rooms = server === "our" ? undefined : await startOriginalServer();
        if (rooms) scene.onEnd(() => rooms.close());
        const url = rooms?.url ?? `ws://127.0.0.1:${files.port}/broadcasting`;
        const opened = [];
        const open = async (query = "", at = url) => {
          const opening = await scene.open(`${files.url}${page}${query}`);
          opened.push(opening);
          return new ClassicPage(opening, at);
        };
        await run({ open, scene, rooms });
        if (warns) for (const { complaints } of opened) complaints.length = 0;
      });
    }
  }
}

/** An owner and a follower in one room, both with these functions. */
async function pair(open, ...keys) {
  const owner = await open();
  await owner.start(...keys);
  const follower = await open(`?uuid=${await owner.uuid()}`);
  await follower.start(...keys);
  await follower.noted("connection");
  return { owner, follower };
}

behaviour("it is constructed at once, and knows its role before any answer", {}, async ({ open }) => {
  const owner = await open();
  assert.deepEqual(await owner.start(), { isOwner: true, connected: false, uuid: undefined });
  const members = await owner.page.evaluate((names) => names.map((name) => typeof client[name]), MEMBERS);
  assert.deepEqual(members, MEMBERS.map(() => "function"));
  assert.equal(await owner.page.evaluate(() => client.suscribedFuncs instanceof Map), true);
  const uuid = await owner.uuid();
  const follower = await open(`?uuid=${uuid}`);
  assert.deepEqual(await follower.start(), { isOwner: false, connected: false, uuid });
});

behaviour("openCallback comes first, then onConnectionCallback with the uuid, when it is connected", { pages: [ORIGINAL, OURS, SCRIPT] }, async ({ open }) => {
  const owner = await open();
  await owner.start();
  const uuid = await owner.uuid();
  assert.deepEqual(await owner.log(), [["open", false], ["connection", true, uuid]]);
  const follower = await open(`?uuid=${uuid}`);
  await follower.start();
  await follower.noted("connection");
  assert.deepEqual(await follower.log(), [["open", false], ["connection", true, uuid]]);
});

behaviour("functions are handed the params as one array, unbound, and the owner's own are not called", { pages: [ORIGINAL, OURS, SCRIPT] }, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "end");
  assert.deepEqual(await owner.send(["goTo", ["3", "x"], false], ["end", [], false]), ["undefined", "undefined"]);
  await follower.noted("end");
  assert.deepEqual(await follower.calls(), [["goTo", "unbound", ["3", "x"]], ["end", "unbound", []]]);
  assert.deepEqual(await owner.calls(), []);
});

behaviour("who joins late is called with the state, after onConnectionCallback", {}, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "laser", "end");
  await owner.send(["goTo", ["2"], true], ["laser", ["1"], false], ["goTo", ["3"], true], ["end", [], false]);
  await follower.noted("end");
  const late = await open(`?uuid=${await owner.uuid()}`);
  await late.start("goTo", "laser", "end");
  await late.noted("goTo");
  assert.deepEqual((await late.log()).map(([name]) => name), ["open", "connection", "goTo"]);
  assert.deepEqual(await late.calls(), [["goTo", "unbound", ["3"]]]);
});

behaviour("of a key's functions the last one is called, and suscribedFuncs is the map of them", {}, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "end");
  await follower.page.evaluate(() => {
    client.suscribeFunc("goTo", note("second"));
    client.suscribedFuncs.set("laser", note("laser"));
  });
  await owner.send(["goTo", ["1"], false], ["laser", ["2"], false], ["end", [], false]);
  await follower.noted("end");
  assert.deepEqual((await follower.calls()).map(([name]) => name), ["second", "laser", "end"]);
});

behaviour("sendMessage sends an envelope", {}, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "late");
  await owner.page.evaluate(() => {
    const envelope = { status: { value: 3, text: "connected" }, uuid: client.uuid, funcKey: "goTo", stateMessage: true };
    client.sendMessage(JSON.stringify({ ...envelope, funcParams: ["7"] }));
  });
  await follower.noted("goTo");
  assert.deepEqual(await follower.calls(), [["goTo", "unbound", ["7"]]]);
});

behaviour("what a follower sends nobody gets", {}, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "end");
  await follower.send(["goTo", ["from a follower"], false]);
  await owner.send(["end", [], false]);
  await follower.noted("end");
  assert.deepEqual((await follower.calls()).map(([name]) => name), ["end"]);
});

behaviour("closeCallback comes when the server closes the connection", { servers: ["our"] }, async ({ open }) => {
  const { owner, follower } = await pair(open);
  await owner.page.evaluate(() => client.sendMessage('{ "status": { "value": 4 } }'));
  await follower.noted("close");
  await owner.noted("close");
  assert.equal((await follower.log()).at(-1).length, 2);
});

behaviour("a browser without websockets is told so", { warns: true, servers: ["our"] }, async ({ open }) => {
  const page = await open();
  await page.page.evaluate(() => delete window.WebSocket);
  await page.start();
  assert.deepEqual(await page.log(), [["error", undefined, "Your browser does not support WebSockets."]]);
});

// Improvements on the original on which no page relied.

behaviour("the room is found among other parameters of the address", { pages: [OURS] }, async ({ open }) => {
  const owner = await open("?lang=en");
  assert.equal((await owner.start()).isOwner, true);
  const uuid = await owner.uuid();
  for (const query of [`?lang=en&uuid=${uuid}`, `?uuid=${uuid}&lang=en`, `?roomuuid=${uuid}&lang=en`]) {
    const follower = await open(query);
    assert.deepEqual(await follower.start(), { isOwner: false, connected: false, uuid });
    await follower.noted("connection");
  }
});

behaviour("what is sent before the connection is there is sent later, in order", { pages: [OURS] }, async ({ open }) => {
  const owner = await open();
  await owner.page.evaluate((url) => {
    start(url);
    for (const slide of ["1", "2"]) client.sendAction("goTo", [slide], true);
    client.sendAction("laser", [], true);
  }, owner.url);
  const follower = await open(`?uuid=${await owner.uuid()}`);
  await follower.start("goTo", "laser");
  await follower.noted("laser");
  assert.deepEqual(await follower.calls(), [["goTo", "unbound", ["2"]], ["laser", "unbound", []]]);
});

behaviour("an unknown key, or a function that throws, costs only itself", { pages: [OURS], warns: true }, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "end");
  await follower.page.evaluate(() => client.suscribeFunc("faulty", () => { throw new Error("a fault"); }));
  await owner.send(["typo", [], false], ["typo", [], false], ["faulty", [], false], ["goTo", ["1"], false], ["end", [], false]);
  await follower.noted("end");
  assert.deepEqual((await follower.calls()).map(([name]) => name), ["goTo", "end"]);
  const said = (word) => follower.page.complaints.filter((complaint) => complaint.includes(word)).length;
  assert.deepEqual([said("typo"), said("a fault")], [1, 1]);
});

behaviour("close ends it for everybody, and says so once", { pages: [OURS], servers: ["our"] }, async ({ open }) => {
  const { owner, follower } = await pair(open);
  await owner.page.evaluate(() => client.close());
  await owner.noted("close");
  await follower.noted("close");
  const again = await owner.page.evaluate(() => {
    client.close();
    client.sendAction("goTo", [], true);
    return [client.connected, log.filter(([name]) => name === "close").length];
  });
  assert.deepEqual(again, [false, 1]);
});

behaviour("close of a page whose server is the original's ends its own connection", { pages: [OURS], servers: ["original"] }, async ({ open, rooms }) => {
  const { owner } = await pair(open);
  await owner.page.evaluate(() => client.close());
  await owner.noted("close");
  const { uuid, status } = JSON.parse(rooms.received.at(-1));
  assert.deepEqual([uuid, status.value], [await owner.page.evaluate(() => client.uuid), 4]);
});

behaviour("a lost connection comes back, and nothing is missed or told twice", { pages: [OURS], servers: ["our"], breaks: true }, async ({ open, scene }) => {
  const owner = await open();
  await owner.start();
  const proxy = await scene.proxy(files);
  const follower = await open(`?uuid=${await owner.uuid()}`, `${proxy.url.replace("http", "ws")}broadcasting`);
  await follower.start("goTo");
  await follower.noted("connection");
  await owner.send(["goTo", ["1"], false]);
  await follower.noted("goTo");
  proxy.cut();
  await follower.page.waitForFunction(() => !client.connected);
  await owner.send(["goTo", ["2"], false], ["goTo", ["3"], false]);
  proxy.restore();
  // However long that took: the browser reports that the network is back, and the page tries at
  // once.
  await follower.page.evaluate(() => dispatchEvent(new Event("online")));
  await follower.noted("goTo", 3);
  assert.equal(await follower.page.evaluate(() => client.connected), true);
  const uuid = await owner.uuid();
  const goTo = (slide) => ["goTo", "unbound", [slide]];
  assert.deepEqual(await follower.log(), [["open", false], ["connection", true, uuid], goTo("1"), goTo("2"), goTo("3")]);
});

behaviour("a room that isn't there is a connection that closes", { pages: [OURS], servers: ["our"], warns: true }, async ({ open }) => {
  const follower = await open("?uuid=63ca67e0-69bb-4a16-a71f-86a87acbe0b5");
  await follower.start();
  assert.deepEqual((await follower.noted("close")).map(([name]) => name), ["open", "close"]);
});

behaviour("a function that is taken away is not called any more", { pages: [OURS], warns: true }, async ({ open }) => {
  const { owner, follower } = await pair(open, "goTo", "laser", "end");
  await follower.page.evaluate(() => {
    client.unsuscribeFunc("goTo");
    client.suscribedFuncs.delete("laser");
  });
  await owner.send(["goTo", [], false], ["laser", [], false], ["end", [], false]);
  await follower.noted("end");
  assert.deepEqual((await follower.calls()).map(([name]) => name), ["end"]);
});

behaviour("the first message of the original's server may be an action", { pages: [OURS], servers: ["original"] }, async ({ open, rooms }) => {
  const owner = await open();
  await owner.start();
  const uuid = await owner.uuid();
  rooms.greet(`{"uuid":"${uuid}","status":{"value":3,"text":"connected"},"funcKey":"goTo","funcParams":null}`);
  const follower = await open(`?uuid=${uuid}`);
  await follower.start("goTo");
  await follower.noted("goTo");
  assert.deepEqual((await follower.log()).slice(1), [["connection", true, uuid], ["goTo", "unbound", null]]);
});

behaviour("where WebAssembly can't be loaded, errorCallback says so", { pages: [OURS], servers: ["our"], warns: true }, async ({ open }) => {
  const page = await open();
  await page.page.route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
  await page.start();
  const log = await page.noted("close");
  assert.deepEqual(log.map(([name]) => name), ["error", "close"]);
  assert.match(log[0][2], /WebAssembly/);
});

scenario("rtbroadcaster.classic.js is one file: nothing else is fetched", {}, async (scene) => {
  const requested = [];
  const page = await scene.open(`${files.url}${SCRIPT}`);
  page.on("request", (request) => requested.push(new URL(request.url()).pathname));
  await page.reload();
  const classic = new ClassicPage(page, `ws://127.0.0.1:${files.port}/broadcasting`);
  await classic.start();
  await classic.uuid();
  assert.deepEqual(requested, ["/script.html", "/node_modules/rtbroadcaster/rtbroadcaster.classic.js", "/page.js"]);
});
