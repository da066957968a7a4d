/**
 * The fast path: while nothing else happens, an owner's broadcast goes directly to the socket, and
 * otherwise through the session. Pages cannot tell the difference.
 */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

/** Broadcasts in this many tasks, in all possible ways, and notes the results. Runs in the page. */
async function broadcastAll(tasks) {
  globalThis.count ??= 0;
  globalThis.random ??= ((seed) => () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647)(11);
  globalThis.noted ??= [];
  const pick = (...choices) => choices[Math.floor(random() * choices.length)];
  for (let task = 0; task < tasks; task++) {
    // In some tasks nothing else happens: what is sent is answered before the session is called for
    // anything else.
    const isCalm = task % 8 < 5;
    for (let calls = pick(0, 1, 1, 2, 5); calls > 0; calls--) {
      const number = ++count;
      const params = [number, pick("", "ü😀", "x".repeat(isCalm ? 10 : pick(10, 900, 5_000, 20_000)))];
      const options = pick(undefined, undefined, { state: true }, { slot: "a" }, { slot: "b\u0001😀" });
      const action = { number, slot: options?.slot ?? (options && "show") };
      noted.push(action);
      room.broadcast("show", params, options).then(
        (seq) => (action.seq = seq ?? null),
        (error) => (action.error = String(error)),
      );
      if (random() < 0.1) room.status;
      if (isCalm) continue;
      if (random() < 0.1) void room.ready();
      if (random() < 0.05) void room.clear("a");
    }
    await (pick(true, !isCalm) ? null : new Promise((resolve) => setTimeout(resolve, pick(0, 1, 5))));
  }
}

scenario("whatever way actions go, they arrive once and in order, over lost connections too", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server();
  const proxy = await scene.proxy(server);
  const owner = await sdkPage(scene, proxy.url);
  const follower = await sdkPage(scene, server.url);
  const uuid = await owner.evaluate(async () => (globalThis.room = await sdk.create(url)).uuid);
  await follower.evaluate(async (uuid) => {
    globalThis.heard = [];
    globalThis.room = await sdk.join(url, uuid, { functions: { show: (number) => heard.push(number) } });
  }, uuid);

  await owner.evaluate(broadcastAll, 150);
  for (let cut = 0; cut < 3; cut++) {
    const broadcasting = owner.evaluate(broadcastAll, 150);
    proxy.cut();
    proxy.restore();
    await broadcasting;
  }
  await owner.waitForFunction(() => noted.every(({ seq, error }) => seq !== undefined || error));

  const noted = await owner.evaluate(() => noted);
  assert.deepEqual(noted.filter(({ error }) => error), []);
  const appended = noted.filter(({ seq }) => seq !== null);
  const places = appended.map(({ seq }) => seq);
  assert.deepEqual(places, [...new Set(places)].sort((one, other) => one - other), "places in the order of the calls");
  const replaced = noted.filter(({ seq }) => seq === null);
  assert.ok(replaced.length > 0 && replaced.every(({ slot }) => slot), "only state is replaced, by newer state");
  const expected = appended.map(({ number }) => number);
  await follower.waitForFunction((last) => heard.at(-1) === last, expected.at(-1));
  assert.deepEqual(await follower.evaluate(() => heard), expected);
});

scenario("what is broadcast leaves with its task, whatever else the task does", {}, async (scene) => {
  const server = await scene.server();
  const owner = await sdkPage(scene, server.url);
  const late = await owner.evaluate(async () => {
    const sent = [];
    class Recorded extends WebSocket {
      send(frame) {
        sent.push(frame);
        super.send(frame);
      }
    }
    const room = await sdk.create(url, { WebSocket: Recorded });
    const others = {
      nothing: () => {},
      off: () => room.off("x"),
      detached: () => room.detached,
      behind: () => room.behind,
      "too large": () => room.broadcast("x", ["x".repeat(100_000)]).catch(() => {}),
      "not JSON": () => room.broadcast("x", [1n]).catch(() => {}),
      state: () => room.broadcast("x", [1], { state: true }),
    };
    const late = [];
    for (const [name, other] of Object.entries(others)) {
      const answered = room.broadcast(name, []);
      other();
      await new Promise((resolve) => setTimeout(resolve));
      if (!sent.some((frame) => frame.includes(`"funcKey":"${name}"`))) late.push(name);
      await answered;
    }
    await room.close();
    return late;
  });
  assert.deepEqual(late, []);
});
