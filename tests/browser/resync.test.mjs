/** What the SDK tells pages that have missed too much, or that find a room full. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

scenario("who missed too much is told, and handed what the room retains", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server({ options: ["--ring-actions", "8"] });
  const owner = await sdkPage(scene, server.url);
  const network = await scene.proxy(server);
  const follower = await sdkPage(scene, network.url);
  const uuid = await owner.evaluate(async () => {
    globalThis.room = await sdk.create(url);
    room.broadcast("show", ["first"], { slot: "first" });
    room.broadcast("show", ["second"], { slot: "second" });
    await room.broadcast("show", ["live"]);
    return room.uuid;
  });
  await follower.evaluate(async (uuid) => {
    globalThis.told = [];
    const note = (...what) => told.push(what.join(" "));
    globalThis.connected = () => told.at(-1) === "connected";
    const functions = { show: (what) => note("show", what) };
    const onclear = (slot) => note("clear", slot);
    await sdk.join(url, uuid, { functions, onclear, onresync: () => note("resync"), onstatus: note });
  }, uuid);
  await follower.waitForFunction(() => connected());

  network.cut();
  await follower.waitForFunction(() => told.at(-1) === "reconnecting");
  await owner.evaluate(async () => {
    room.broadcast("show", ["first again"], { slot: "first" });
    room.clear("second");
    for (let number = 0; number < 20; number += 1) await room.broadcast("show", [number]);
  });
  network.restore();
  await follower.waitForFunction(() => connected());
  const expected = ["catching-up", "show first", "show second", "connected", "reconnecting"];
  assert.deepEqual(await follower.evaluate(() => told.splice(0, 5)), expected);
  const later = await follower.evaluate(() => told.splice(0));
  assert.deepEqual(later.toSorted(), ["catching-up", "clear second", "connected", "resync", "show first again"]);
  assert.ok(later.indexOf("resync") < later.indexOf("show first again"));
  assert.equal(later.at(-1), "connected");
});

scenario("an action that the room has no place for is refused with its slot", {}, async (scene) => {
  const server = await scene.server({ options: ["--slots-per-room", "1"] });
  const page = await sdkPage(scene, server.url);
  const answers = await page.evaluate(async () => {
    const errors = [];
    const room = await sdk.create(url, { onerror: (error) => errors.push(error.code) });
    const answer = (promise) => promise.catch(({ name, code, key }) => [name, code, key]);
    const actions = [
      room.broadcast("draw", [1], { slot: "one" }),
      room.broadcast("draw", [2], { slot: "two" }),
      room.broadcast("draw", [3]),
    ];
    return [...(await Promise.all(actions.map(answer))), errors];
  });
  assert.deepEqual(answers, [1, ["RoomError", "too_many_slots", "two"], 2, []]);
});

scenario("a stroke that the room has no place for is taken back", {}, async (scene) => {
  const server = await scene.server({ options: ["--slots-per-room", "1"] });
  const presenter = await scene.presenter(server.url);
  const follower = await scene.follower(await presenter.link());
  await presenter.take("pen");
  await presenter.drag({ x: 0.2, y: 0.2 }, { x: 0.4, y: 0.8 });
  const strokes = await presenter.strokes();
  await follower.sameStrokes(strokes);
  await presenter.drag({ x: 0.6, y: 0.2 }, { x: 0.8, y: 0.8 });
  await presenter.page.getByText("Erase something first").waitFor();
  await presenter.sameStrokes(strokes);
  await follower.sameStrokes(strokes);
});

scenario("the presenter sees how many are watching", {}, async (scene) => {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url);
  const watching = (count) => presenter.page.getByText(`${count} watching`, { exact: true }).waitFor();
  const link = await presenter.link();
  await scene.follower(link);
  await watching(1);
  const leaves = await scene.follower(link);
  await watching(2);
  await leaves.page.close();
  await watching(1);
  await presenter.reload();
  await watching(1);
});
