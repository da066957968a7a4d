/** The element `<rt-room>`. */

import assert from "node:assert/strict";
import { after } from "node:test";

import { scenario } from "../browser/support/scenario.mjs";
import { project } from "./support/project.mjs";

const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "plain");

/** A page that knows the element, with two rooms and a log of all elements' events. */
async function rooms(scene) {
  const server = await scene.server({ site });
  const page = await scene.open(`${server.url}empty.html`);
  await page.evaluate(async () => {
    const folder = "/node_modules/rtbroadcaster";
    globalThis.sdk = await import(`${folder}/index.js`);
    await import(`${folder}/element.js`);
    globalThis.log = [];
    globalThis.said = (name) => log.filter(([other]) => other === name);
    globalThis.element = (attributes) => {
      const element = document.createElement("rt-room");
      const all = { server: "/broadcasting", functions: " goTo  laser", ...attributes };
      for (const [name, value] of Object.entries(all)) element.setAttribute(name, value);
      for (const name of ["goTo", "rt-enter", "rt-status", "rt-close", "rt-error"]) {
        element.addEventListener(name, ({ detail }) => log.push([name, detail]));
      }
      return element;
    };
    globalThis.one = await sdk.create("/broadcasting");
    globalThis.two = await sdk.create("/broadcasting");
  });
  return page;
}

const until = (page, condition) => page.waitForFunction(condition);

scenario("an element follows its room: calls and callbacks are its events", {}, async (scene) => {
  const page = await rooms(scene);
  await page.evaluate(() => document.body.append((globalThis.room = element({ uuid: one.uuid }))));
  await until(page, () => said("rt-enter").length === 1 && room.getAttribute("status") === "connected");
  assert.equal(await page.evaluate(() => room.room.uuid === one.uuid && said("rt-enter")[0][1] === room.room), true);
  await page.evaluate(() => one.broadcast("goTo", [3, "slowly"]));
  await until(page, () => said("goTo").length === 1);
  assert.deepEqual(await page.evaluate(() => said("goTo")), [["goTo", [3, "slowly"]]]);
  await page.evaluate(() => one.close());
  await until(page, () => said("rt-close")[0]?.[1].code === "closed" && room.getAttribute("status") === "closed");
});

scenario("an element leaves when it is taken away, not when it is moved", {}, async (scene) => {
  const page = await rooms(scene);
  await page.evaluate(() => document.body.append((globalThis.room = element({ uuid: one.uuid }))));
  await until(page, () => one.audience?.connected === 1);
  await page.evaluate(() => {
    const section = document.createElement("section");
    document.body.append(section);
    section.append(room);
  });
  await page.evaluate(() => one.broadcast("goTo", []));
  await until(page, () => said("goTo").length === 1);
  assert.equal(await page.evaluate(() => said("rt-enter").length), 1);
  await page.evaluate(() => room.remove());
  await until(page, () => one.audience.connected === 0);
});

scenario("an element whose attributes change enters the other room, once", {}, async (scene) => {
  const page = await rooms(scene);
  await page.evaluate(() => document.body.append((globalThis.room = element({ uuid: one.uuid }))));
  await until(page, () => one.audience?.connected === 1);
  await page.evaluate(() => {
    room.setAttribute("uuid", "nothing");
    room.setAttribute("uuid", two.uuid);
  });
  await until(page, () => one.audience.connected === 0 && two.audience?.connected === 1 && room.room?.uuid === two.uuid);
  assert.deepEqual(await page.evaluate(() => said("rt-error")), []);
});

scenario("an element without a uuid owns a room, and one that can't be entered says why", {}, async (scene) => {
  const page = await rooms(scene);
  await page.evaluate(() => document.body.append((globalThis.room = element({ resume: "", "share-audience": "", code: "" }))));
  await until(page, () => room.room?.isOwner && room.room.code.length === 6);
  await until(page, () => room.room.uuid in { [JSON.parse(sessionStorage.getItem(sessionStorage.key(0))).uuid]: 1 });
  await page.evaluate(() => document.body.append(element({ uuid: "63ca67e0-69bb-4a16-a71f-86a87acbe0b5" })));
  await until(page, () => said("rt-error")[0]?.[1].code === "unknown_room");
});
