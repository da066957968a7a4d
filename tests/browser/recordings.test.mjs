/** Pages that have their room recorded, know of it, and play it. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exampleSite, shows } from "./support/example.mjs";
import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

/** A server that records, in a directory that is removed at the end. */
async function recordingServer(scene, options = {}) {
  const folder = await mkdtemp(join(tmpdir(), "rtbroadcaster-recordings-"));
  scene.onEnd(() => rm(folder, { recursive: true, force: true }));
  return scene.server({ ...options, options: ["--recordings", folder] });
}

scenario("a room is recorded and played, and played from another moment", {}, async (scene) => {
  const { url } = await recordingServer(scene, { site: await exampleSite(scene, "Recordings") });
  const page = await scene.open(`${url}example.html`);
  await page.locator("#present").click();
  await shows(page, 3);
  await page.evaluate(() => (document.querySelector("#slide").value = "none"));
  await page.locator("#play").click();
  await shows(page, 3);
  await page.locator("#time").evaluate((time) => {
    time.value = 0;
    time.dispatchEvent(new Event("input"));
  });
});

scenario("all pages know of a recording, from its start to its end", {}, async (scene) => {
  const { url } = await recordingServer(scene);
  const [owner, follower] = [await sdkPage(scene, url), await sdkPage(scene, url)];
  const uuid = await owner.evaluate(async () => {
    globalThis.told = [];
    globalThis.room = await sdk.create(url, { record: true, onrecording: (recording) => told.push(recording) });
    await room.broadcast("before", [], { state: true });
    return room.uuid;
  });
  await follower.evaluate(async (uuid) => {
    globalThis.told = [];
    globalThis.room = await sdk.join(url, uuid, { onrecording: (recording) => told.push(recording), functions: { before() {}, after() {} } });
  }, uuid);
  await follower.waitForFunction(() => told.length === 1);
  const seqs = await owner.evaluate(async () => [await room.record(false), await room.record("shared"), await room.broadcast("after")]);
  assert.deepEqual(seqs, [3, 4, 5]);
  const expected = [{ on: true, shared: false }, { on: false, why: "stopped" }, { on: true, shared: true }];
  for (const page of [owner, follower]) {
    await page.waitForFunction(() => told.length === 3);
    assert.deepEqual(await page.evaluate(() => told), expected);
  }
  const refused = await owner.evaluate(() => room.record(true).catch(({ code }) => code));
  assert.equal(refused, "malformed");
});

scenario("where nothing is recorded the page is told, and the room goes on", {}, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const told = await page.evaluate(async () => {
    const errors = [];
    globalThis.room = await sdk.create(url, { record: true, onerror: ({ code }) => errors.push(code) });
    const refused = await room.record().catch(({ code }) => code);
    return [await room.broadcast("go"), refused, errors];
  });
  assert.deepEqual(told, [1, "forbidden", ["forbidden"]]);
});

scenario("a room is recorded by a page over plain HTTP too", {}, async (scene) => {
  const { url } = await recordingServer(scene);
  const page = await sdkPage(scene, url);
  const told = await page.evaluate(async () => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const room = await sdk.create(url, { record: true, WebSocket: FetchSocket });
    const seqs = [await room.broadcast("go"), await room.record(false)];
    return seqs;
  });
  assert.deepEqual(told, [2, 3]);
});
