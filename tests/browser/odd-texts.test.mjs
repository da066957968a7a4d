/** Function keys, slots and params of odd characters: what is broadcast arrives, or is refused. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

/**
 * The first of them is a byte order mark, which decoders of UTF-8 like to drop. A single NUL is no
 * slot: it stands for what isn't one (docs/wire.md).
 */
const ODD = ["\ufeff", "\ufeffgoTo", "go\ufeffTo", "💡", "\u0000\u0000", "line\nbreak", "\u2028", "__proto__", "constructor", '"\\'];

/** The halves of a surrogate pair: no valid text. */
const HALVES = ["\ud83d", "\udca1", "go\ud83dTo", "\udca1\ud83d"];

/** Sends each key and slot by every way, and returns what differs from what was sent. */
async function differences(odd) {
  const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
  const found = [];
  for (const [way, options] of Object.entries({ websocket: {}, http: { WebSocket: FetchSocket } })) {
    const owner = await sdk.create(url, options);
    const heard = [];
    const hear = (key) => (...params) => heard.push(JSON.stringify([key, ...params]));
    const onerror = ({ code, key }) => heard.push(`${code} ${key}`);
    const onclear = (slot) => heard.push(`cleared ${slot}`);
    const functions = Object.fromEntries(odd.filter((key) => key !== "__proto__").map((key) => [key, hear(key)]));
    Object.defineProperty(functions, "__proto__", { value: hear("__proto__"), enumerable: true });
    const early = await sdk.join(url, owner.uuid, { ...options, functions, onerror, onclear });
    const sent = odd.map((text) => JSON.stringify([text, text, { [text]: text }]));
    const until = (condition) => new Promise((resolve) => setInterval(() => condition() && resolve(), 10));
    for (const text of odd) void owner.broadcast(text, [text, { [text]: text }], { state: true, slot: text });
    // These are too long for the fast path.
    for (const text of odd) void owner.broadcast(text, [text, "x".repeat(2_000)]);
    await until(() => heard.length === 2 * odd.length);
    const long = odd.map((text) => JSON.stringify([text, text, "x".repeat(2_000)]));
    if (heard.join() !== [...sent, ...long].join()) found.push([way, "early", heard.filter((text) => ![...sent, ...long].includes(text))]);
    heard.length = 0;
    // This page is told of the state, and registers its functions later.
    const late = await sdk.join(url, owner.uuid, { ...options, onerror });
    for (const text of odd) late.on(text, hear(text));
    await until(() => heard.length === odd.length);
    if (heard.join() !== sent.join()) found.push([way, "late", heard.filter((text) => !sent.includes(text))]);
    heard.length = 0;
    for (const text of odd) void owner.clear(text);
    await until(() => heard.length === odd.length);
    if (heard.join() !== odd.map((text) => `cleared ${text}`).join()) found.push([way, "cleared", heard]);
    await Promise.all([early.close(), late.close()]);
    await owner.close();
  }
  return found;
}

scenario("odd keys, slots and params arrive as they were broadcast, by every way", {}, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  assert.deepEqual(await page.evaluate(differences, ODD), []);
});

scenario("half of a surrogate pair is refused as a key and as a slot, and kept in params", {}, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  // As JSON, because the halves don't survive the way to the page.
  const halves = JSON.stringify(HALVES);
  const refused = await page.evaluate(async (halves) => {
    const owner = await sdk.create(url);
    const calls = [
      (half) => owner.broadcast(half),
      (half) => owner.broadcast("goTo", [], { slot: half }),
      (half) => owner.clear(half),
      async (half) => owner.on(half, () => {}),
      (half) => sdk.join(url, owner.uuid, { functions: { [half]: () => {} } }),
    ];
    const codes = [];
    for (const half of JSON.parse(halves)) {
      for (const call of calls) codes.push(await call(half).then(() => "taken", ({ code }) => code));
    }
    return codes;
  }, halves);
  assert.deepEqual(new Set(refused), new Set(["invalid_argument"]));
  const arrived = await page.evaluate(async (halves) => {
    const owner = await sdk.create(url);
    const called = new Promise((resolve) =>
      sdk.join(url, owner.uuid, { functions: { goTo: (...params) => resolve(JSON.stringify(params)) } }).then(() => {
        void owner.broadcast("goTo", JSON.parse(halves));
      }),
    );
    return called;
  }, halves);
  assert.equal(arrived, halves);
});
