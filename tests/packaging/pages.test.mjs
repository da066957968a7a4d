/** The package in pages without a bundler, and every way of loading its WebAssembly. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";

import { scenario } from "../browser/support/scenario.mjs";
import { called } from "./support/called.mjs";
import { project } from "./support/project.mjs";

/** One project for all tests: none of these pages changes it. */
const undo = [];
after(async () => {
  for (const each of undo) await each();
});
const site = await project({ onEnd: (each) => undo.push(each) }, "plain");

const PACKAGE = "/node_modules/rtbroadcaster";
const WASM = /\.wasm$/;
const { version: VERSION } = JSON.parse(await readFile(join(site, PACKAGE, "package.json"), "utf8"));

async function open(scene, path) {
  const server = await scene.server({ site });
  return scene.open(`${server.url}${path}`);
}

/** Imports the package as `sdk` into a page that has done nothing yet. */
async function emptyPage(scene) {
  const page = await open(scene, "empty.html");
  page.requested = [];
  page.on("request", (request) => page.requested.push(new URL(request.url()).pathname));
  await page.evaluate(async (folder) => {
    globalThis.wasm = `${folder}/rtbroadcaster_sdk_bg.wasm`;
    globalThis.sdk = await import(`${folder}/index.js`);
    globalThis.tour = (await import("/tour.js")).tour;
  }, PACKAGE);
  return page;
}

const tour = (page) => page.evaluate(() => tour(sdk, "/broadcasting"));

scenario("a page with an import map and no bundler", {}, async (scene) => {
  await called(await open(scene, "index.html"));
});

scenario("a dedicated worker", {}, async (scene) => {
  await called(await open(scene, "worker.html"));
});

scenario("a page whose Content-Security-Policy allows only its own scripts and 'wasm-unsafe-eval'", {}, async (scene) => {
  await called(await open(scene, "csp.html"));
});

scenario("where the Content-Security-Policy forbids WebAssembly, create says so", {}, async (scene) => {
  const page = await open(scene, "no-wasm.html");
  await page.waitForFunction(() => document.title.startsWith("wasm_failed: "));
});

scenario("an import costs nothing: the WebAssembly is fetched at the first use, once", {}, async (scene) => {
  const page = await emptyPage(scene);
  assert.ok(page.requested.some((path) => path.endsWith("/index.js")));
  const optional = /(classic|element|node|react|schemas)/;
  assert.deepEqual(page.requested.filter((path) => optional.test(path.replace(PACKAGE, ""))), []);
  const fetched = () => page.requested.filter((path) => WASM.test(path)).length;
  assert.equal(fetched(), 0);
  await tour(page);
  await page.evaluate(() => Promise.all([sdk.init(), sdk.init()]));
  assert.equal(fetched(), 1);
});

const SOURCES = {
  "a string": "wasm",
  "a URL": "new URL(wasm, location.href)",
  "a Response": "await fetch(wasm)",
  "the promise of a Response": "fetch(wasm)",
  "its bytes": "await (await fetch(wasm)).arrayBuffer()",
  "a compiled module": "await WebAssembly.compileStreaming(fetch(wasm))",
};
for (const [name, source] of Object.entries(SOURCES)) {
  scenario(`init takes ${name}`, {}, async (scene) => {
    const page = await emptyPage(scene);
    await page.evaluate(`(async () => { await sdk.init(${source}); })()`);
    // Only the given WebAssembly counts: the package's own would be fetched from here.
    await page.route("**/*.wasm", (route) => route.abort());
    assert.deepEqual(await tour(page), [3, "slowly"]);
  });
}

scenario("a load that failed is tried again by the next call", {}, async (scene) => {
  const page = await emptyPage(scene);
  await page.route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
  const failure = () => page.evaluate(() => sdk.create("/broadcasting").catch(({ code }) => code));
  assert.equal(await failure(), "wasm_failed");
  assert.equal(await failure(), "wasm_failed");
  await page.unroute("**/*.wasm");
  assert.deepEqual(await tour(page), [3, "slowly"]);
  page.complaints.length = 0;
});

const OTHERS = {
  "of another version": { module: (bytes) => withVersion(bytes, "9.8.7"), named: "9.8.7" },
  "of something else": { module: () => Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), named: "no rtbroadcaster" },
};
for (const [name, { module, named }] of Object.entries(OTHERS)) {
  scenario(`a module ${name} is refused by its name, and the next call tries again`, {}, async (scene) => {
    const page = await emptyPage(scene);
    await page.route("**/*.wasm", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: module(await response.body()) });
    });
    const failure = () => page.evaluate(() => sdk.init().catch(({ code, message }) => `${code}: ${message}`));
    const message = await failure();
    for (const part of ["wasm_failed: ", named, VERSION]) assert.ok(message.includes(part), message);
    await page.unroute("**/*.wasm");
    assert.deepEqual(await tour(page), [3, "slowly"]);
  });
}

/** The module with another version, of the same length: in the section that the build appends. */
function withVersion(bytes, version) {
  const at = bytes.lastIndexOf(VERSION);
  assert.ok(at > 0 && version.length === VERSION.length, "the module says its version");
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(version), bytes.subarray(at + version.length)]);
}
