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
