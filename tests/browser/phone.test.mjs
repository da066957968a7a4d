/** Presenting from a phone: the same tour, driven by a finger. */

import assert from "node:assert/strict";

import { PHONE } from "./support/browser.mjs";
import { finger } from "./support/finger.mjs";
import { scenario } from "./support/scenario.mjs";

const SIDEWAYS = { ...PHONE, viewport: { width: 844, height: 390 } };

/** Converts shares of the slide to pixels. */
async function placesOn(page, places) {
  const { x, y, width, height } = await page.locator("#stage").boundingBox();
  return places.map((at) => ({ x: x + at.x * width, y: y + at.y * height }));
}

for (const [held, device] of Object.entries({ upright: PHONE, "on its side": SIDEWAYS })) {
  scenario(`a phone ${held} presents`, {}, async (scene) => {
    const server = await scene.server();
    const presenter = await scene.presenter(server.url, device);
    const follower = await scene.follower(await presenter.link());
    await follower.live();
    const hand = await finger(presenter.page);
    const gesture = async (...places) => hand.draw(...(await placesOn(presenter.page, places)));

    // A quick move across changes the slide; no wide page scrolls below it.
    await gesture({ x: 0.7, y: 0.5 }, { x: 0.2, y: 0.52 });
    await follower.slide(2);
    await gesture({ x: 0.2, y: 0.5 }, { x: 0.7, y: 0.52 });
    await follower.slide(1);
    const overflow = await presenter.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(overflow, 0);

    await presenter.page.locator("#tool-pen").tap();
    await gesture({ x: 0.2, y: 0.2 }, { x: 0.5, y: 0.8 }, { x: 0.8, y: 0.3 });
    const strokes = await presenter.strokes();
    assert.equal(strokes.length, 1);
    await follower.slide(1);
    await follower.sameStrokes(strokes);

    await presenter.page.locator("#tool-eraser").tap();
    await gesture({ x: 0.3, y: 0.1 }, { x: 0.3, y: 0.9 });
    await follower.sameStrokes([]);

    await presenter.page.locator("#next").tap();
    await follower.slide(2);
  });
}
