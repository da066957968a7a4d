/** The examples of docs/presenting.md do what it says. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";
import { copySite } from "./support/site.mjs";

const DOCUMENT = new URL("../../docs/presenting.md", import.meta.url);

/** A site with the example under this heading as a page. */
async function exampleSite(scene, heading) {
  const section = (await readFile(DOCUMENT, "utf8")).split(/^## /m).find((section) => section.startsWith(heading));
  const [, html] = /^```html\n(.*?)^```$/ms.exec(section);
  const site = await copySite(scene);
  // For a page without an icon, the browser asks for one and complains.
  const head = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">{ "imports": { "rtbroadcaster": "./rtbroadcaster/index.js" } }</script>`;
  await writeFile(join(site, "example.html"), head + html);
  return site;
}

const shows = (page, slide) =>
  page.waitForFunction((slide) => document.querySelector("#slide").value === slide, String(slide));

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
