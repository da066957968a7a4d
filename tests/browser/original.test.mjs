/** Pages with the original system's client and pages with the SDK, in one room. */

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { scenario } from "./support/scenario.mjs";
import { copySite } from "./support/site.mjs";

const ORIGINAL = fileURLToPath(new URL("original", import.meta.url));

/** The demo site with the original client's page. */
async function serve(scene) {
  const site = await copySite(scene);
  await cp(ORIGINAL, site, { recursive: true });
  return scene.server({ site });
}

class OriginalPage {
  constructor(page) {
    this.page = page;
  }

  /** The room, once the class has reported that it is connected. */
  async uuid() {
    await this.page.locator("#uuid:not(:empty)").waitFor();
    return this.page.locator("#uuid").textContent();
  }

  /** Calls the class as the owner's page would. */
  async send(funcKey, funcParams, isState) {
    await this.page.evaluate((action) => globalThis.client.sendAction(...action), [funcKey, funcParams, isState]);
  }

  /** Waits for exactly these calls in this order. The params come as one array. */
  async called(...calls) {
    const wanted = calls.map(([funcKey, params]) => `${funcKey} ${JSON.stringify([params])}`);
    await this.page.locator("#calls li").nth(wanted.length - 1).waitFor();
    assert.deepEqual(await this.page.locator("#calls li").allTextContents(), wanted);
  }

  async closed() {
    await this.page.locator("#closed").waitFor({ state: "visible" });
  }
}

async function openOriginal(scene, server, query = "") {
  return new OriginalPage(await scene.open(`${server.url}original.html${query}`));
}

scenario("the original client drives, the SDK follows beside it", {}, async (scene) => {
  const server = await serve(scene);
  const owner = await openOriginal(scene, server);
  const uuid = await owner.uuid();
  assert.equal(await owner.page.evaluate(() => globalThis.client.isOwner), true);

  const follower = await scene.follower(`${server.url}follow.html#${uuid}`);
  await follower.live();
  const original = await openOriginal(scene, server, `?uuid=${uuid}`);
  assert.equal(await original.uuid(), uuid);
  await owner.send("goTo", ["3"], true);
  await follower.slide(3);
  await original.called(["goTo", ["3"]]);

  // An action that is not retained, and a state message that replaces the first.
  await owner.send("laser", [0.5, 0.25], false);
  await follower.laserAt({ x: 0.5, y: 0.25 });
  await owner.send("goTo", ["5"], true);
  await follower.slide(5);
  await original.called(["goTo", ["3"]], ["laser", [0.5, 0.25]], ["goTo", ["5"]]);

  const late = await scene.follower(`${server.url}follow.html#${uuid}`);
  await late.slide(5);
  await late.live();
  await late.noLaser();
  const lateOriginal = await openOriginal(scene, server, `?uuid=${uuid}`);
  await lateOriginal.called(["goTo", ["5"]]);
});

scenario("the SDK drives, the original client follows beside it", {}, async (scene) => {
  const server = await serve(scene);
  const presenter = await scene.presenter(server.url);
  const link = await presenter.link();
  const uuid = new URL(link).hash.slice(1);
  await presenter.next();

  // It comes late, and gets the state that the others have.
  const original = await openOriginal(scene, server, `?uuid=${uuid}`);
  await original.called(["goTo", [2]]);
  const follower = await scene.follower(link);
  await follower.slide(2);

  await presenter.next();
  await follower.slide(3);
  await original.called(["goTo", [2]], ["goTo", [3]]);

  await presenter.press("p");
  await presenter.drag({ x: 0.3, y: 0.3 }, { x: 0.6, y: 0.6 });
  const [stroke] = await presenter.strokes();
  await follower.sameStrokes([stroke]);
  const points = stroke.points.split(" ").map(Number);
  const late = await openOriginal(scene, server, `?uuid=${uuid}`);
  await late.called(["goTo", [3]], ["stroke", [1, 3, "yellow", points]]);

  await presenter.closeRoom();
  await follower.ended("closed");
  await original.closed();
  await late.closed();
});
