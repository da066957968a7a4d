/** The option `token`, with a server that needs one. */

import assert from "node:assert/strict";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

const API_KEY = "an-api-key-that-nobody-guesses";
const JOIN_KEY = "a-join-key-that-nobody-guesses";
const GUARDED = {
  options: ["--creation", "token", "--joins", "token"],
  environment: { RTBROADCASTER_API_KEYS: API_KEY, RTBROADCASTER_JOIN_KEYS: JOIN_KEY },
};

/** The error with which `create` rejects. Runs in the page. */
const refusal = (page, options) =>
  page.evaluate((options) => sdk.create(url, options).catch(({ name, code, message }) => [name, code, message]), options);

scenario("a page without a token, or with a wrong one, is told what is missing", {}, async (scene) => {
  const server = await scene.server(GUARDED);
  const page = await sdkPage(scene, server.url);
  const needed = "this needs a token: send one as \"token\" in the first message (the SDK's option `token`)";
  assert.deepEqual(await refusal(page), ["RoomError", "unauthorized", needed]);
  const unknown = "the token is none that this server knows";
  assert.deepEqual(await refusal(page, { token: "nonsense" }), ["RoomError", "unauthorized", unknown]);
  const notAllowed = "the token doesn't allow this: ask whoever gave it to you for one that does";
  assert.deepEqual(await refusal(page, { token: JOIN_KEY }), ["RoomError", "forbidden", notAllowed]);
  for (const token of ["", 7, {}]) {
    assert.equal((await refusal(page, { token }))[1], "invalid_argument", JSON.stringify(token));
  }
});

scenario("with a token a page opens a room, and with another one a page follows it", {}, async (scene) => {
  const server = await scene.server(GUARDED);
  const owner = await sdkPage(scene, server.url);
  const follower = await sdkPage(scene, server.url);
  const uuid = await owner.evaluate(async (token) => {
    globalThis.room = await sdk.create(url, { token: () => token });
    return room.uuid;
  }, API_KEY);
  await follower.evaluate(
    async ([uuid, token]) => {
      globalThis.heard = new Promise((resolve) => {
        globalThis.entering = sdk.join(url, uuid, { token, functions: { show: resolve } });
      });
      await entering;
    },
    [uuid, JOIN_KEY],
  );
  await owner.evaluate(() => room.broadcast("show", ["hello"]));
  assert.equal(await follower.evaluate(() => heard), "hello");
});

scenario("each connection asks for a token, and one that is refused is the end", { connectionsBreak: true }, async (scene) => {
  const server = await scene.server(GUARDED);
  const network = await scene.proxy(server);
  const page = await sdkPage(scene, network.url);
  await page.evaluate(async (token) => {
    globalThis.answers = [token, Promise.reject(new Error("the session is over")), Promise.resolve(token), "expired"];
    for (const answer of answers) Promise.resolve(answer).catch(() => {});
    globalThis.told = [];
    globalThis.room = await sdk.create(url, {
      token: () => answers.shift(),
      onstatus: (status) => told.push(status),
      onerror: ({ code, cause }) => told.push(`${code}: ${cause.message}`),
      onclose: ({ code, message }) => told.push(`${code}: ${message}`),
    });
  }, API_KEY);
  await page.waitForFunction(() => told.at(-1) === "connected");
  assert.equal(await page.evaluate(() => answers.length), 3);

  network.cut();
  network.restore();
  await page.waitForFunction(() => answers.length === 1 && told.at(-1) === "connected");
  network.cut();
  network.restore();
  await page.waitForFunction(() => told.at(-1) === "closed");
  assert.deepEqual(await page.evaluate(() => told), [
    "connected",
    "reconnecting",
    "token_failed: the session is over",
    "connected",
    "reconnecting",
    "unauthorized: the token is none that this server knows",
    "closed",
  ]);
});

scenario("a function that gives no token at first makes create fail, with the cause", {}, async (scene) => {
  const server = await scene.server(GUARDED);
  const page = await sdkPage(scene, server.url);
  const failures = await page.evaluate(async () => {
    const failure = (token) => sdk.create(url, { token }).catch(({ code, cause }) => [code, cause.code ?? cause.message]);
    const throws = () => {
      throw new Error("not signed in");
    };
    return Promise.all([failure(throws), failure(async () => throws()), failure(() => undefined)]);
  });
  assert.deepEqual(failures, [
    ["token_failed", "not signed in"],
    ["token_failed", "not signed in"],
    ["token_failed", "invalid_argument"],
  ]);
});

scenario("a page that is refused for now comes back when the server allows it", {}, async (scene) => {
  const server = await scene.server({ options: ["--unknown-rooms-per-minute", "60"] });
  const page = await sdkPage(scene, server.url);
  const codes = await page.evaluate(async () => {
    let limited = false;
    class Overheard extends WebSocket {
      constructor(address) {
        super(address);
        this.addEventListener("message", ({ data }) => (limited ||= data.includes('"rate_limited"')));
      }
    }
    // A room of its own each time: to ask again for the same one is no guess.
    const guess = () =>
      sdk.join(url, crypto.randomUUID(), { WebSocket: Overheard, timeout: 60_000 }).catch(({ code }) => code);
    const codes = new Set();
    while (!limited) {
      for (const code of await Promise.all([guess(), guess(), guess()])) codes.add(code);
    }
    return [...codes];
  });
  assert.deepEqual(codes, ["unknown_room"], "the limited page has come back and was told the truth");
});
