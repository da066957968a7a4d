/** What `create`, `join` and a room's methods say about arguments. */

import assert from "node:assert/strict";
import { after } from "node:test";

import { scenario } from "../browser/support/scenario.mjs";
import { project } from "./support/project.mjs";

const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "plain");

/** A page with the package as `sdk`, and `said(call)`: what a call rejects with. */
async function opened(scene) {
  const { url } = await scene.server({ site });
  const page = await scene.open(`${url}empty.html`);
  await page.evaluate(async () => {
    globalThis.sdk = await import("/node_modules/rtbroadcaster/index.js");
    globalThis.said = async (call) => {
      try {
        await call();
        return "nothing";
      } catch ({ code, message }) {
        return `${code}: ${message}`;
      }
    };
  });
  return page;
}

scenario("functions: undefined is absent, what is none is named, a class's methods are refused", {}, async (scene) => {
  const page = await opened(scene);
  const create = (functions) => page.evaluate(`said(() => sdk.create("/broadcasting", { functions: ${functions} }))`);
  assert.equal(await create("{ goTo: undefined, next() {} }"), "nothing");
  assert.equal(await create("new (class { goTo = () => {} })()"), "nothing");
  assert.match(await create("{ goTo: null }"), /^invalid_argument: .*"goTo"/);
  assert.match(await page.evaluate(async () => {
    const room = await sdk.create("/broadcasting");
    return said(() => room.on("goTo", "next"));
  }), /^invalid_argument: .*"goTo"/);
  const instances = ["new (class { goTo() {} })()", "new (class extends class { goTo() {} } {})()", "() => {}", "new Map()"];
  for (const instance of instances) assert.match(await create(instance), /^invalid_argument: `functions` must be a plain object/, instance);
});

scenario("an array is no object of options", {}, async (scene) => {
  const page = await opened(scene);
  const array = /^invalid_argument: `options` must be an object/;
  assert.match(await page.evaluate(() => said(() => sdk.create("/broadcasting", []))), array);
  assert.match(await page.evaluate(() => said(() => sdk.join("/broadcasting", "uuid", []))), array);
  const broadcast = page.evaluate(async () => {
    const room = await sdk.create("/broadcasting");
    return said(() => room.broadcast("goTo", [1], ["state"]));
  });
  assert.match(await broadcast, array);
});

scenario("functions that a schema checks are held to the same", {}, async (scene) => {
  const page = await opened(scene);
  const create = (functions) =>
    page.evaluate(`said(() => sdk.create("/broadcasting", { schemas: { goTo: undefined }, functions: ${functions} }))`);
  assert.equal(await create("{ goTo: undefined }"), "nothing");
  assert.match(await create("new (class { goTo() {} })()"), /^invalid_argument: `functions` must be a plain object/);
});

/** The address of the rooms, which no page finds without its base. */
const PATH = "/rooms/here";

scenario("an address is relative to what the browser takes for the base", {}, async (scene) => {
  const { url } = await scene.server({ site, options: ["--path", PATH] });
  const page = await scene.open(`${url}empty.html`);
  const statuses = await page.evaluate(async () => {
    const text = (address) => `
      const { create } = await import("${location.origin}/node_modules/rtbroadcaster/index.js");
      const said = await create("${address}", { timeout: 3_000 }).then(({ status }) => status, ({ code }) => code);
      globalThis.document ? parent.postMessage(said, "*") : postMessage(said);`;
    const next = (target) => new Promise((resolve) => target.addEventListener("message", ({ data }) => resolve(data), { once: true }));
    const statuses = {};
    document.head.insertAdjacentHTML("beforeend", '<base href="/rooms/">');
    const { create } = await import("/node_modules/rtbroadcaster/index.js");
    statuses.base = await create("here", { timeout: 3_000 }).then(({ status }) => status, ({ code }) => code);
    const frame = document.createElement("iframe");
    let said = next(window);
    frame.srcdoc = `<script type="module">${text("here")}</script>`;
    document.body.append(frame);
    statuses.srcdoc = await said;
    const blank = document.createElement("iframe");
    document.body.append(blank);
    said = next(window);
    const script = blank.contentDocument.createElement("script");
    Object.assign(script, { type: "module", textContent: text("here") });
    blank.contentDocument.body.append(script);
    statuses.blank = await said;
    const worker = new Worker(URL.createObjectURL(new Blob([text("/rooms/here")], { type: "text/javascript" })), { type: "module" });
    statuses.worker = await next(worker);
    return statuses;
  });
  assert.deepEqual(statuses, { base: "connected", srcdoc: "connected", blank: "connected", worker: "connected" });
});

scenario("a uuid with spaces, or a whole link, is refused before anything is asked", {}, async (scene) => {
  const page = await opened(scene);
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  const uuid = "63ca67e0-69bb-4a16-a71f-86a87acbe0b5";
  for (const given of [` ${uuid}`, `${uuid}\n`, `https://example.org/#${uuid}`, `#${uuid}`, `?uuid=${uuid}`]) {
    const claim = { uuid: given, ownerKey: "key" };
    assert.match(await page.evaluate((given) => said(() => sdk.join("/broadcasting", given)), given), /^invalid_argument: `uuid` ".*" is no uuid/s);
    assert.match(await page.evaluate((claim) => said(() => sdk.create("/broadcasting", { claim })), claim), /^invalid_argument: `claim.uuid` /);
  }
  const swapped = page.evaluate((uuid) => said(() => sdk.join(uuid, "/broadcasting")), uuid);
  assert.match(await swapped, /^invalid_argument: `uuid` "\/broadcasting" is no uuid/);
  assert.deepEqual(sockets, []);
  for (const given of [uuid, uuid.toUpperCase(), `{${uuid}}`, `urn:uuid:${uuid}`]) {
    assert.match(await page.evaluate((given) => said(() => sdk.join("/broadcasting", given)), given), /^unknown_room/);
  }
});
