/** Rooms in the proxies of state libraries, and as consoles show them. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { join } from "node:path";

import { scenario } from "../browser/support/scenario.mjs";
import { startServer } from "../browser/support/server.mjs";
import { bin, project, run } from "./support/project.mjs";

const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "proxies");
const bundle = ["main.js", "--bundle", "--format=esm", "--outfile=bundle.js", "--log-level=error"];
await run(site, bin(site, "esbuild"), [...bundle, '--define:process.env.NODE_ENV="production"']);

const HOLDERS = [
  "a proxy",
  "a proxy that gives itself as the receiver",
  "Vue's reactive",
  "Vue's ref",
  "Alpine's reactive",
  "Valtio's proxy",
  "MobX's observable",
  "MobX's makeAutoObservable",
  "a frozen object",
];

async function opened(scene) {
  const { url } = await scene.server({ site });
  const page = await scene.open(url);
  await page.waitForFunction(() => globalThis.isReady);
  await page.evaluate(() => sdk.init("/node_modules/rtbroadcaster/rtbroadcaster_sdk_bg.wasm"));
  return page;
}

scenario("every holder of a room is tried here", {}, async (scene) => {
  const page = await opened(scene);
  assert.deepEqual(await page.evaluate(() => Object.keys(holders)), HOLDERS);
});

for (const holder of HOLDERS) {
  scenario(`a room works in ${holder}`, {}, async (scene) => {
    const page = await opened(scene);
    const said = await page.evaluate((holder) => used(holder), holder);
    assert.equal(said, '[3,true,true,"connected",false,false,0,"string"] false,true,false closed');
    assert.equal(await page.evaluate((holder) => calledBack(holder), holder), "true left");
  });
}

scenario("a component of Vue and one of Alpine hold the room in their data", {}, async (scene) => {
  const page = await opened(scene);
  await page.evaluate(() => showVue());
  await page.getByRole("button", { name: "connected" }).click();
  await page.waitForFunction(() => document.title === "vue 1");
  await page.evaluate(() => showAlpine());
  await page.getByText("1", { exact: true }).click();
  await page.getByText("alpine 1").waitFor();
});

scenario("the original's class works in Vue's data", {}, async (scene) => {
  const page = await opened(scene);
  assert.equal(await page.evaluate(() => showClassic()), true);
});

scenario("a room's methods work without the room, and in a snapshot of Valtio's", {}, async (scene) => {
  const page = await opened(scene);
  assert.equal(await page.evaluate(() => methodsOf((room) => room)), 1);
  assert.equal(await page.evaluate(() => methodsOf((room) => snapshot(proxy({ room })).room)), 1);
});

scenario("the browser's console names a room and its members, and JSON has no owner key", {}, async (scene) => {
  const page = await opened(scene);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Runtime.enable");
  const logged = new Promise((resolve) => devtools.on("Runtime.consoleAPICalled", ({ args }) => resolve(args[0])));
  const json = await page.evaluate(async () => {
    const room = await sdk.create("/broadcasting");
    console.log(room);
    return JSON.stringify(room);
  });
  const { uuid, ...others } = JSON.parse(json);
  assert.match(uuid, /^[\da-f-]{36}$/);
  const driver = { seat: 0, role: "creator" };
  const wanted = { isOwner: true, role: "creator", driver, status: "connected", connected: true, resumed: false, seat: 0, detached: false, behind: 0 };
  assert.deepEqual(others, wanted);
  const { description, preview } = await logged;
  assert.equal(description, "Room");
  const named = preview.properties.map(({ name, type, value = type }) => [name, value]);
  const getter = "accessor";
  assert.deepEqual(named, [["uuid", uuid], ["isOwner", getter], ["role", getter], ["driver", getter], ["connected", getter]]);
});

test("Node's console shows a room's values, but not its owner key", async (t) => {
  const server = await startServer();
  t.after(() => server.kill());
  const folder = await project({ onEnd: (each) => t.after(each) }, "node");
  const { stdout } = await run(folder, process.execPath, ["show.js", `ws://127.0.0.1:${server.port}/broadcasting`]);
  const wanted =
    /^Room \{\n  uuid: '[\da-f-]{36}',\n  isOwner: true,\n  role: 'creator',\n  driver: \{ seat: 0, role: 'creator' \},\n  connected: true,\n  status: 'connected',\n  resumed: false,\n  code: undefined,\n  seat: 0,\n  audience: undefined,\n  counts: undefined,\n  clock: undefined,\n  late: undefined,\n  detached: false,\n  behind: 0\n\}\n\{ deep: \{ in: \[Room\] \} \}$/;
  assert.match(stdout, wanted);
});
