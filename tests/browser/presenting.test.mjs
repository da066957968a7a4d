/** The examples of docs/presenting.md do what it says. */

import assert from "node:assert/strict";

import { exampleSite, shows } from "./support/example.mjs";
import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

scenario("a room's code is typed on a phone, or read by its camera, and both pages follow", {}, async (scene) => {
  const { url } = await scene.server({ site: await exampleSite(scene, "Short codes") });
  const owner = await scene.open(`${url}example.html`);
  await owner.locator("#present").click();
  await owner.locator("#qr svg").waitFor();
  const code = await owner.locator("#code").textContent();
  assert.match(code, /^[3479BCDFGHJKMNPQRSTVWXYZ]{6}$/);

  const phone = await scene.open(`${url}example.html`);
  await phone.locator("input").fill(` ${code.toLowerCase()} `);
  await phone.locator("form button").click();
  await shows(phone, 2);

  const camera = await scene.open(`${url}example.html#${code}`);
  await shows(camera, 2);
});

scenario("a code is part of the room over plain HTTP and after a reload, and ends with the room", {}, async (scene) => {
  const { url } = await scene.server();
  const [owner, follower] = [await sdkPage(scene, url), await sdkPage(scene, url)];
  const enter = (page, options) =>
    page.evaluate(async (options) => {
      globalThis.room = await sdk.create(url, options);
      return [room.uuid, room.code, room.ownerKey];
    }, options);
  const [uuid, code, ownerKey] = await enter(owner, { code: true });
  const join = (code, options) =>
    follower.evaluate(
      async ([code, options]) => {
        try {
          const room = await sdk.join(url, code, options);
          return [room.uuid, room.code];
        } catch (error) {
          return error.code;
        }
      },
      [code, options],
    );
  assert.deepEqual(await join(code), [uuid, code]);
  assert.deepEqual(await join(uuid), [uuid, code]);

  const elsewhere = await sdkPage(scene, url);
  assert.deepEqual(await enter(elsewhere, { claim: { uuid: code, ownerKey } }), [uuid, code, ownerKey]);
  const [, none] = await enter(owner, {});
  assert.equal(none, undefined);

  await elsewhere.evaluate(() => room.close());
  assert.equal(await join(code), "unknown_room");
});

scenario("pages whose websockets are blocked create, claim and join by a code", { connectionsBreak: true }, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const said = await page.evaluate(async () => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const options = { WebSocket: FetchSocket };
    const former = await sdk.create(url, { ...options, code: true });
    // From now on its stream has claimed the room, and doesn't do so later.
    await former.broadcast("before");
    const { uuid, code, ownerKey } = former;
    const owner = await sdk.create(url, { ...options, claim: { uuid: code, ownerKey } });
    const heard = new Promise((resolve) => {
      sdk.join(url, code, { ...options, functions: { show: resolve } });
    });
    await owner.broadcast("show", ["hello"], { state: true });
    return [owner.uuid === uuid, owner.code === code, await heard];
  });
  assert.deepEqual(said, [true, true, "hello"]);
});

scenario("a QR code says the page's address with the code, or any text but the owner key", {}, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const [svg, same, other, refused] = await page.evaluate(async () => {
    const room = await sdk.create(url, { code: true });
    const refusal = (text) => room.qr(text).catch(({ name, code }) => `${name} ${code}`);
    const texts = [`https://example.org/#${room.ownerKey}`, "", 7, "x".repeat(3_000)];
    return [
      await room.qr(),
      await room.qr(new URL(`#${room.code}`, location.href).href),
      await room.qr("another"),
      await Promise.all(texts.map(refusal)),
    ];
  });
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="/);
  assert.equal(svg, same);
  assert.notEqual(svg, other);
  assert.deepEqual(refused, Array(4).fill("RoomError invalid_argument"));
});

scenario("all pages run a call at one moment, the owner's too, and say how late they are", {}, async (scene) => {
  const { url } = await scene.server({ site: await exampleSite(scene, "One moment") });
  const owner = await scene.open(`${url}example.html`);
  await owner.locator("#present").click();
  const link = owner.locator("a[href]");
  await link.waitFor({ state: "attached" });
  const followers = [];
  for (let page = 0; page < 2; page++) {
    const follower = await scene.open(`${url}example.html${new URL(await link.evaluate(({ href }) => href)).hash}`);
    followers.push(follower);
  }
  // The owner's click may come before they follow.
  const flashed = (page) => page.waitForFunction(() => document.querySelector("#flashed").value, null, { timeout: 2_000 });
  for (let tries = 0; tries < 10; tries++) {
    await owner.locator("#flash").click();
    const all = await Promise.all([owner, ...followers].map((page) => flashed(page).catch(() => undefined)));
    if (all.every(Boolean)) return;
  }
  assert.fail("they never flash");
});

scenario("a call waits for its moment with all that follows, and the end of the room too", {}, async (scene) => {
  const { url } = await scene.server();
  const [owner, follower] = [await sdkPage(scene, url), await sdkPage(scene, url)];
  const uuid = await owner.evaluate(async () => {
    globalThis.room = await sdk.create(url, { clock: true });
    return room.uuid;
  });
  await follower.evaluate(async (uuid) => {
    globalThis.told = [];
    const tell = (name) => (at) => told.push([name, at && room.time() - at, room.late]);
    globalThis.room = await sdk.join(url, uuid, {
      functions: { flash: tell("flash"), plain: tell("plain"), past: tell("past") },
      onclear: tell("clear"),
      onclose: () => told.push(["close"]),
    });
  }, uuid);
  // The room's pages are to know the clock; this one asks as soon as it is in.
  await follower.waitForFunction(() => room.clock);
  await owner.evaluate(async () => {
    const past = room.time() - 5_000;
    await room.broadcast("past", [past], { at: past, state: true });
    const at = room.time() + 700;
    await Promise.all([
      room.broadcast("flash", [at], { at }),
      room.broadcast("plain"),
      room.clear("past"),
    ]);
    await room.close();
  });
  await follower.waitForFunction(() => told.at(-1)?.[0] === "close");
  const told = await follower.evaluate(() => told);
  assert.deepEqual(told.map(([name]) => name), ["past", "flash", "plain", "clear", "close"]);
  const [[, , past], [, after, late], [, , plain]] = told;
  assert.ok(past > 4_000, `it ran ${past} ms late`);
  assert.ok(after >= 0 && late >= 0 && late < 600, `${after} ms after, ${late} late`);
  assert.equal(plain, undefined);
});

scenario("a page that leaves runs nothing that waits, and hears of its own end at once", {}, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const told = await page.evaluate(async () => {
    const owner = await sdk.create(url, { clock: true });
    const told = [];
    let waits;
    const held = new Promise((resolve) => (waits = resolve));
    const follower = await sdk.join(url, owner.uuid, {
      functions: { now: () => waits(), flash: () => told.push("flash") },
      onclose: ({ code }) => told.push(code),
    });
    owner.broadcast("now");
    await owner.broadcast("flash", [], { at: owner.time() + 3_000 });
    await held;
    const end = follower.until(follower.time() + 9_000).catch(({ code }) => code);
    await follower.close();
    return [told, await end];
  });
  assert.deepEqual(told, [["left"], "closed"]);
});

scenario("a moment that is too far ahead, or none, is refused and says why", {}, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const refused = await page.evaluate(async () => {
    const room = await sdk.create(url);
    const refusal = (at) => room.broadcast("flash", [], { at }).catch(({ code, message }) => `${code} ${message}`);
    return Promise.all([Date.now() + 60_000, "soon", -1, NaN].map(refusal));
  });
  assert.match(refused[0], /^malformed .*--at-horizon-ms/);
  for (const other of refused.slice(1)) assert.match(other, /^invalid_argument `at` must be/);
});

scenario("pages whose websockets are blocked ask for the time over HTTP", { connectionsBreak: true }, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const told = await page.evaluate(async () => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const options = { WebSocket: FetchSocket };
    const owner = await sdk.create(url, { ...options, clock: true });
    await owner.broadcast("before");
    const ran = new Promise((resolve) => {
      sdk.join(url, owner.uuid, { ...options, functions: { flash: (at) => resolve(at) } }).then((room) => (globalThis.room = room));
    });
    const at = Math.ceil(owner.time() + 500);
    await owner.broadcast("flash", [at], { at, state: true });
    const seen = await ran;
    return [seen === at, Boolean(room.clock), owner.clock.uncertainty < 5_000];
  });
  assert.deepEqual(told, [true, true, true]);
});

const showNames = (page, expected) =>
  page.waitForFunction(
    (expected) => [...document.querySelectorAll("#people li")].map((item) => item.textContent).sort().join() === expected,
    expected,
  );

scenario("the presenter sees who is there, and who comes and goes", {}, async (scene) => {
  const { url } = await scene.server({ site: await exampleSite(scene, "Who is there") });
  const owner = await scene.open(`${url}example.html`);
  await owner.locator("#present").click();
  await owner.waitForFunction(() => location.hash.length > 30);
  const address = owner.url();
  const join = async (name) => {
    const page = await scene.open(address);
    await page.locator("input").fill(name);
    await page.locator("form button").click();
    return page;
  };
  await join("Ben");
  await showNames(owner, "Ben");
  await join("<b>Ana</b>");
  await showNames(owner, "<b>Ana</b>,Ben");
});

scenario("a roster over cuts of the connection, for those who may ask", {}, async (scene) => {
  const { url } = await scene.server();
  const [owner, follower] = [await sdkPage(scene, url), await sdkPage(scene, url)];
  const uuid = await owner.evaluate(async () => {
    globalThis.changes = [];
    globalThis.sockets = [];
    class Watched extends WebSocket {
      constructor(address) {
        super(address);
        sockets.push(this);
      }
    }
    globalThis.room = await sdk.create(url, { WebSocket: Watched, onroster: (change) => changes.push(change) });
    return room.uuid;
  });
  const [seat, refused] = await follower.evaluate(async (uuid) => {
    globalThis.room = await sdk.join(url, uuid, { name: "Ben" });
    return [room.seat, await room.roster().catch((error) => `${error.name} ${error.code}`)];
  }, uuid);
  assert.equal(refused, "RoomError forbidden");
  const page = await owner.evaluate(() => room.roster());
  assert.deepEqual(page, { people: [{ seat, name: "Ben", role: "follower" }], next: 0, named: 1 });
  assert.deepEqual(await owner.evaluate(() => [room.seat, changes]), [0, []]);

  const many = await owner.evaluate(() => Promise.all(Array.from({ length: 12 }, () => room.roster({ limit: 0 }))));
  assert.deepEqual(many, Array(12).fill({ people: [], next: 0, named: 1 }), "it waits where it asks too often");
  const wrong = await owner.evaluate(() => room.roster({ after: -1 }).catch((error) => error.code));
  assert.equal(wrong, "invalid_argument");

  await owner.evaluate(() => sockets.at(-1).close());
  await owner.waitForFunction(() => changes.some(({ more }) => more === 1));
  await follower.evaluate(() => room.close());
  await owner.waitForFunction((seat) => changes.some(({ went }) => went.includes(seat)), seat);
  const ended = await owner.evaluate(async () => {
    await room.close();
    return room.roster().catch((error) => error.code);
  });
  assert.equal(ended, "closed");
});

scenario("pages whose websockets are blocked have names, and the owner can ask", { connectionsBreak: true }, async (scene) => {
  const { url } = await scene.server();
  const page = await sdkPage(scene, url);
  const said = await page.evaluate(async () => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const options = { WebSocket: FetchSocket };
    const owner = await sdk.create(url, options);
    await owner.broadcast("before");
    const follower = await sdk.join(url, owner.uuid, { ...options, name: "Ana Ä" });
    const { people, named } = await owner.roster();
    const refused = await follower.roster().catch((error) => error.code);
    return [people[0].name, people[0].seat === follower.seat, named, refused];
  });
  assert.deepEqual(said, ["Ana Ä", true, 1, "forbidden"]);
});

scenario("the audience votes and reacts, and all see the results that the owner shares", {}, async (scene) => {
  const { url } = await scene.server({ site: await exampleSite(scene, "What the audience says") });
  const owner = await scene.open(`${url}example.html`);
  await owner.locator("#present").click();
  const link = owner.locator("a[href]");
  await link.waitFor({ state: "attached" });
  const address = `${url}example.html${new URL(await link.evaluate(({ href }) => href)).hash}`;
  const follower = await scene.open(address);
  const sees = (page, id, value) => page.waitForFunction(([id, value]) => document.querySelector(id).value === value, [id, value]);
  await owner.locator("#ask").click();
  await follower.locator("#vote button").nth(1).click();
  await sees(follower, "#results", "0 : 1");
  await follower.locator("#heart").click();
  await sees(owner, "#hearts", "1");
  await follower.reload();
  await follower.locator("#vote button").nth(0).click();
  await sees(follower, "#results", "1 : 0");
});

scenario("what is said on lanes, over a cut connection and over plain HTTP", {}, async (scene) => {
  const { url } = await scene.server();
  const [owner, follower] = [await sdkPage(scene, url), await sdkPage(scene, url)];
  const uuid = await owner.evaluate(async () => {
    Object.assign(globalThis, { said: [], counts: {}, lanes: [] });
    const callbacks = {
      onsaid: (one) => said.push(one),
      oncounts: ({ counts }) => (globalThis.counts = counts),
      onlane: ({ name, lane }) => lanes.push([name, lane?.kind]),
    };
    globalThis.room = await sdk.create(url, { ...callbacks, lanes: { hand: { per: 100 }, q: { options: 3 } } });
    return room.uuid;
  });
  await owner.waitForFunction(() => lanes.length === 2);
  assert.deepEqual(await owner.evaluate(() => [lanes, room.send("hand", 1)]), [[["hand", "say"], ["q", "vote"]], false]);
  const result = await follower.evaluate(async (uuid) => {
    globalThis.sockets = [];
    class Watched extends WebSocket {
      constructor(address) {
        super(address);
        sockets.push(this);
      }
    }
    const open = new Promise((resolve) => {
      globalThis.opened = resolve;
    });
    globalThis.room = await sdk.join(url, uuid, { WebSocket: Watched, name: "Ben", onlane: ({ name }) => name === "q" && opened() });
    await open;
    const sent = [room.send("hand", { why: 1 }), room.send("hand", 2), room.send("none", 3), room.react("❤")];
    const votes = room.vote("q", 2);
    sockets.at(-1).close();
    await votes;
    const refused = await Promise.all([room.vote("q", 3), room.vote("none", 0)].map((vote) => vote.catch((error) => error.code)));
    return [sent, refused];
  }, uuid);
  assert.deepEqual(result, [[true, false, false, false], ["invalid_argument", "forbidden"]]);
  await owner.waitForFunction(() => counts.q?.[2] === 1 && said.length === 1);
  assert.deepEqual(await owner.evaluate(() => [said[0].name, said[0].value, room.counts.q]), ["Ben", { why: 1 }, [0, 0, 1]]);

  const blocked = await sdkPage(scene, url);
  const voted = await blocked.evaluate(async (uuid) => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    let opened;
    const open = new Promise((resolve) => (opened = resolve));
    const room = await sdk.join(url, uuid, { WebSocket: FetchSocket, onlane: ({ name }) => name === "q" && opened() });
    await open;
    await room.vote("q", 1);
    return room.send("hand", "over HTTP");
  }, uuid);
  assert.equal(voted, true);
  await owner.waitForFunction(() => counts.q[1] === 1 && said.length === 2);
  const ended = await owner.evaluate(async () => {
    await room.lane("q", null);
    await room.close();
    return room.lane("q", null).catch((error) => error.code);
  });
  assert.equal(ended, "closed");
});

scenario("a vote over plain HTTP whose request is lost counts once", {}, async (scene) => {
  const { url } = await scene.server();
  const [owner, follower] = [await sdkPage(scene, url), await sdkPage(scene, url)];
  const uuid = await owner.evaluate(async () => {
    globalThis.room = await sdk.create(url, { lanes: { q: { options: 3 } } });
    return room.uuid;
  });
  await follower.evaluate(async (uuid) => {
    const { FetchSocket } = await import("/rtbroadcaster/fetch-socket.js");
    const { fetch } = globalThis;
    let isLost = false;
    // One request alone: a network that is cut ends the stream of events too, which hides it.
    globalThis.fetch = (address, options) => {
      if (isLost || !String(address).endsWith("/lanes")) return fetch(address, options);
      isLost = true;
      return Promise.reject(new TypeError("lost"));
    };
    const open = new Promise((resolve) => (globalThis.opened = resolve));
    globalThis.room = await sdk.join(url, uuid, { WebSocket: FetchSocket, onlane: ({ name }) => name === "q" && opened() });
    await open;
    await room.vote("q", 1);
  }, uuid);
  await owner.waitForFunction(() => room.counts?.q[1] === 1);
  assert.deepEqual(await owner.evaluate(() => room.counts.q), [0, 1, 0]);
});
