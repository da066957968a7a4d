/** The option `schemas`, with two validators that know nothing of this package. */

import assert from "node:assert/strict";
import { after } from "node:test";

import { scenario } from "../browser/support/scenario.mjs";
import { project } from "./support/project.mjs";

const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "types");

const VALIDATORS = {
  zod: `const { z } = await import("/node_modules/zod/index.js");
    const schemas = { camera: z.tuple([z.number(), z.number()]), date: z.tuple([z.string().transform((text) => text.length)]) };`,
  valibot: `const v = await import("/node_modules/valibot/dist/index.mjs");
    const schemas = { camera: v.tuple([v.number(), v.number()]), date: v.tuple([v.pipe(v.string(), v.transform((text) => text.length))]) };`,
};

/** A page with an owner and a follower, and a list of the follower's calls and errors, in order. */
async function watched(scene, schemas) {
  const server = await scene.server({ site });
  const page = await scene.open(`${server.url}index.html`);
  await page.evaluate(`(async () => {
    ${schemas}
    const sdk = await import("/node_modules/rtbroadcaster/index.js");
    globalThis.log = [];
    const logged = (key) => (...params) => log.push([key, ...params]);
    globalThis.owner = await sdk.create("/broadcasting");
    globalThis.follower = await sdk.join("/broadcasting", owner.uuid, {
      schemas,
      functions: { camera: logged("camera"), unchecked: logged("unchecked"), end: () => log.push("end") },
      onerror: ({ code, key, cause }) => log.push([code, key, cause.length]),
    });
    globalThis.same = follower.on("date", logged("date")) === follower;
    globalThis.sent = async (...actions) => {
      for (const [key, ...params] of actions) owner.broadcast(key, params, { state: true });
      await owner.broadcast("end", [], { state: true });
    };
  })()`);
  return page;
}

const log = async (page) => {
  await page.waitForFunction(() => log.includes("end"));
  return page.evaluate(() => log);
};

for (const [name, schemas] of Object.entries(VALIDATORS)) {
  scenario(`${name} keeps params that don't match from the functions, and transforms those that do`, {}, async (scene) => {
    const page = await watched(scene, schemas);
    assert.equal(await page.evaluate(() => same), true);
    await page.evaluate(() => sent(["camera", 1, 2], ["unchecked", "x"], ["date", "2026"]));
    assert.deepEqual(await log(page), [["camera", 1, 2], ["unchecked", "x"], ["date", 4], "end"]);
    await page.evaluate(() => (log.length = 0));
    await page.evaluate(() => sent(["camera", "1", 2], ["date", 7], ["unchecked"]));
    assert.deepEqual(await log(page), [["invalid_params", "camera", 1], ["invalid_params", "date", 1], ["unchecked"], "end"]);
  });
}

scenario("what is no schema, or answers later, is said to be wrong", {}, async (scene) => {
  const later = `const later = { "~standard": { version: 1, vendor: "test", validate: async (value) => ({ value }) } };
    const schemas = { camera: later };`;
  const page = await watched(scene, later);
  await page.evaluate(() => sent(["camera", 1, 2]));
  assert.deepEqual(await log(page), [["invalid_params", "camera", 1], "end"]);
  const refusal = page.evaluate(async () => {
    const { create } = await import("/node_modules/rtbroadcaster/index.js");
    return create("/broadcasting", { schemas: { camera: Number } }).catch(({ code }) => code);
  });
  assert.equal(await refusal, "invalid_argument");
});

scenario("a page without schemas doesn't load what checks them", {}, async (scene) => {
  const server = await scene.server({ site });
  const page = await scene.open(`${server.url}index.html`);
  const requested = [];
  page.on("request", (request) => requested.push(request.url()));
  const create = (options) =>
    page.evaluate(async (options) => {
      const { create } = await import("/node_modules/rtbroadcaster/index.js");
      await create("/broadcasting", options);
    }, options);
  const loads = () => requested.some((url) => url.endsWith("/schemas.js"));
  await create({});
  assert.equal(loads(), false);
  await create({ schemas: {} });
  assert.equal(loads(), true);
});
