/** Other devices: the address that they get, and its pages, which are no secure context. */

import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";

import jsQR from "jsqr";
import { PNG } from "pngjs";

import { PHONE } from "./support/browser.mjs";
import { scenario } from "./support/scenario.mjs";
import { copySite, setAddress } from "./support/site.mjs";

/** This machine's own address in its network, if it has one. */
const LAN = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

const NEEDS_LAN = { skip: LAN ? false : "this machine has no address in a network" };

/** An address that is reserved for documentation. It is shown and never opened. */
const ELSEWHERE = "http://203.0.113.7:8080/";

/** The text that a phone's camera would read from the screen. */
async function readQr(page) {
  const screenshot = PNG.sync.read(await page.locator("#qr").screenshot());
  return jsQR(new Uint8ClampedArray(screenshot.data), screenshot.width, screenshot.height)?.data;
}

scenario("link and code of a page opened as localhost name the address for others", {}, async (scene) => {
  const site = await copySite(scene);
  await setAddress(site, ELSEWHERE);
  const server = await scene.server({ site });
  for (const host of ["localhost", "127.0.0.1"]) {
    const presenter = await scene.presenter(`http://${host}:${server.port}/`);
    const link = await presenter.link();
    assert.ok(link.startsWith(`${ELSEWHERE}follow.html#`), link);
    assert.equal(await presenter.page.locator("#join-link").getAttribute("href"), link);
    assert.equal(await readQr(presenter.page), link);
  }
});

scenario("without such an address they name the page's own", {}, async (scene) => {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url, PHONE);
  const link = await presenter.link();
  assert.ok(link.startsWith(`${server.url}follow.html#`), link);
  assert.equal(await readQr(presenter.page), link);
});

scenario("all works on plain http in the local network", NEEDS_LAN, async (scene) => {
  const site = await copySite(scene);
  await setAddress(site, ELSEWHERE);
  const options = ["--creation", "open", "--allow-origin", "self"];
  const server = await scene.server({ host: "0.0.0.0", site, options });
  const base = `http://${LAN}:${server.port}/`;
  const presenter = await scene.presenter(base);
  const link = await presenter.link();
  // A page that was opened at an address uses that one.
  assert.ok(link.startsWith(base), link);
  const follower = await scene.follower(link, PHONE);
  await follower.live();
  for (const { page } of [presenter, follower]) {
    assert.equal(await page.evaluate(() => isSecureContext), false);
  }

  await presenter.next();
  await follower.slide(2);
  await presenter.point({ x: 0.3, y: 0.6 });
  await follower.laserAt({ x: 0.3, y: 0.6 });
  await presenter.take("pen");
  await presenter.drag({ x: 0.2, y: 0.2 }, { x: 0.5, y: 0.7 }, { x: 0.8, y: 0.3 });
  const strokes = await presenter.strokes();
  assert.equal(strokes.length, 1);
  await follower.sameStrokes(strokes);
  // There is no clipboard API here.
  await presenter.page.locator("#copy-link").click();
  await presenter.page.getByText("Copied.").waitFor();
});
