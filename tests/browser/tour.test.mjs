/** The demo's promise: every other page shows what the presenter does. */

import assert from "node:assert/strict";

import { PHONE } from "./support/browser.mjs";
import { Presenter } from "./support/presenter.mjs";
import { scenario } from "./support/scenario.mjs";

const UPPER_LEFT = { x: 0.2, y: 0.25 };
const LOWER_LEFT = { x: 0.25, y: 0.75 };
const UPPER_RIGHT = { x: 0.7, y: 0.3 };
const LOWER_RIGHT = { x: 0.8, y: 0.8 };

/** A presenter and two followers, one at a desk and one with a phone. */
async function tour(scene) {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url);
  const link = await presenter.link();
  const audience = await Promise.all([scene.follower(link), scene.follower(link, PHONE)]);
  await each(audience, (page) => page.live());
  return { presenter, audience, link };
}

const each = (audience, see) => Promise.all(audience.map(see));

scenario("slides follow buttons and keys", {}, async (scene) => {
  const { presenter, audience } = await tour(scene);
  await each(audience, (page) => page.slide(1));
  await presenter.next();
  await each(audience, (page) => page.slide(2));
  await presenter.press("ArrowRight");
  await presenter.press("PageDown");
  await each(audience, (page) => page.slide(4));
  await presenter.previous();
  await each(audience, (page) => page.slide(3));
  await presenter.press("End");
  await each(audience, (page) => page.slide(8));
  await presenter.press("Home");
  await each(audience, (page) => page.slide(1));
});

scenario("the laser is at the same place everywhere", {}, async (scene) => {
  const { presenter, audience } = await tour(scene);
  for (const place of [UPPER_LEFT, LOWER_RIGHT]) {
    await presenter.point(place);
    await each([presenter, ...audience], (page) => page.laserAt(place));
  }
  await presenter.page.locator("#next").hover();
  await each([presenter, ...audience], (page) => page.noLaser());
});

scenario("strokes are seen by all, and whole by who comes late", {}, async (scene) => {
  const { presenter, audience, link } = await tour(scene);
  await presenter.next();
  await presenter.take("pen");
  await presenter.drag(UPPER_LEFT, LOWER_LEFT, LOWER_RIGHT);
  await presenter.page.locator('.colour[data-colour="mint"]').click();
  await presenter.drag(UPPER_RIGHT, LOWER_RIGHT);
  const strokes = await presenter.strokes();
  assert.equal(strokes.length, 2);
  assert.notEqual(strokes[0].colour, strokes[1].colour);
  await each(audience, (page) => page.sameStrokes(strokes));

  const late = await scene.follower(link, PHONE);
  await late.slide(2);
  await late.sameStrokes(strokes);

  // Ink belongs to its slide.
  await presenter.press("ArrowRight");
  await each([...audience, late], (page) => page.sameStrokes([]));
  await presenter.press("ArrowLeft");
  await each([...audience, late], (page) => page.sameStrokes(strokes));
});

scenario("the eraser takes one stroke, clear takes the slide's, here and for who comes late", {}, async (scene) => {
  const { presenter, audience, link } = await tour(scene);
  await presenter.take("pen");
  await presenter.drag(UPPER_LEFT, LOWER_LEFT);
  await presenter.drag(UPPER_RIGHT, LOWER_RIGHT);
  await presenter.next();
  await presenter.drag(UPPER_LEFT, LOWER_RIGHT);
  const other = await presenter.strokes();
  await presenter.previous();
  const [left, right] = await presenter.strokes();
  await each(audience, (page) => page.sameStrokes([left, right]));

  await presenter.take("eraser");
  await presenter.drag({ x: 0.1, y: 0.5 }, { x: 0.4, y: 0.5 });
  await each([presenter, ...audience], (page) => page.sameStrokes([right]));
  const late = await scene.follower(link);
  await late.sameStrokes([right]);

  await presenter.page.locator("#clear-drawing").click();
  await each([presenter, ...audience, late], (page) => page.sameStrokes([]));
  await presenter.next();
  await each([...audience, late], (page) => page.sameStrokes(other));
});

scenario("the presenter's page is reloaded and keeps its room", {}, async (scene) => {
  const { presenter, audience, link } = await tour(scene);
  await presenter.press("PageDown");
  await presenter.press("PageDown");
  await presenter.take("pen");
  await presenter.drag(UPPER_LEFT, LOWER_RIGHT);
  const strokes = await presenter.strokes();

  await presenter.reload();
  assert.equal(await presenter.link(), link);
  await presenter.slide(3);
  await presenter.sameStrokes(strokes);
  await each(audience, (page) => page.owner("here"));

  // It is still the owner, and a new stroke replaces no old one.
  await presenter.take("pen");
  await presenter.drag(UPPER_RIGHT, LOWER_LEFT);
  const both = await presenter.strokes();
  assert.equal(both.length, 2);
  await each(audience, (page) => page.sameStrokes(both));
  await presenter.next();
  await each(audience, (page) => page.slide(4));
});

scenario("a second tab takes the room over, and the first can take it back", {}, async (scene) => {
  const { presenter, audience, link } = await tour(scene);
  await presenter.next();
  await each(audience, (page) => page.slide(2));

  // A duplicated tab begins with a copy of the first one's session storage.
  const stored = await presenter.page.evaluate(() => Object.entries(sessionStorage));
  const tab = await scene.open(new URL("./", link).href);
  await tab.evaluate((entries) => entries.forEach((entry) => sessionStorage.setItem(...entry)), stored);
  await tab.goto(presenter.page.url());
  const second = await new Presenter(tab).ready();
  assert.equal(await second.link(), link);
  await second.slide(2);
  await presenter.ended("superseded");
  await second.next();
  await each(audience, (page) => page.slide(3));

  await presenter.page.getByRole("button", { name: "Take it back" }).click();
  await second.ended("superseded");
  await presenter.ready();
  await presenter.slide(3);
  await presenter.next();
  await each(audience, (page) => page.slide(4));
});

scenario("closing asks first, and ends it for everyone", {}, async (scene) => {
  const { presenter, audience, link } = await tour(scene);
  await presenter.page.locator("#close-room").click();
  await presenter.page.locator("#close-room-no").click();
  await presenter.next();
  await each(audience, (page) => page.slide(2));

  await presenter.closeRoom();
  await each(audience, (page) => page.ended("closed"));
  await presenter.page.locator("#ending").waitFor({ state: "visible" });

  const late = await scene.follower(link);
  await late.ended("unknown_room");
});
