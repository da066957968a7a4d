/** A finger on a page's screen, by the DevTools protocol: playwright's touchscreen can only tap. */

/** How many moves a quick hand makes between two points. */
const STEPS = 6;

/** @param {import("playwright-core").Page} page of a device with `hasTouch` */
export async function finger(page) {
  const devtools = await page.context().newCDPSession(page);
  const send = (type, touchPoints) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  return {
    /** Touches the first point, draws to the last and lifts. Points are pixels of the viewport. */
    async draw(...places) {
      // Touches wait for animation frames, and a page in the background gets none.
      await page.bringToFront();
      await send("touchStart", [places[0]]);
      for (const [index, to] of places.slice(1).entries()) {
        for (const point of between(places[index], to)) await send("touchMove", [point]);
      }
      await send("touchEnd", []);
    },
  };
}

function between(from, to) {
  return Array.from({ length: STEPS }, (_, index) => {
    const share = (index + 1) / STEPS;
    return { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
  });
}
