/**
 * Makes the README's screenshot, docs/screenshot.png, from the real site and a real server: a
 * presenter at a desk and a follower's phone, in the middle of the deck, with laser and ink. Run it
 * when the pages look different:
 *
 *     cargo xtask site && cargo build -p rtbroadcaster && npm ci --prefix tests
 *     RTBROADCASTER_SERVER=target/debug/rtbroadcaster RTBROADCASTER_SITE=target/site \
 *         CHROMIUM=$(command -v chromium) node tests/browser/screenshot.mjs
 */

import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { launch, openPage } from "./support/browser.mjs";
import { Follower } from "./support/follower.mjs";
import { Presenter } from "./support/presenter.mjs";
import { startServer } from "./support/server.mjs";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));

/** The slide about what late joiners see: it has space for ink. */
const SLIDE = 4;

const DESK = { viewport: { width: 1120, height: 660 } };
const PHONE = { viewport: { width: 640, height: 360 }, isMobile: true, hasTouch: true };

/** The picture's width in pixels: sharp at the width of a README, and below 200 kB. */
const WIDTH = 1440;

/** Hand-drawn, in shares of the slide: a line below words, and a ring around a row of the table. */
const UNDERLINE = Array.from({ length: 24 }, (_, index) => ({
  x: 0.072 + 0.0118 * index,
  y: 0.442 + 0.005 * Math.sin(index / 2.2) - 0.0004 * index,
}));
const RING = Array.from({ length: 44 }, (_, index) => {
  const angle = -2.2 + (index / 41) * 2 * Math.PI;
  return { x: 0.7 + (0.245 - 0.0006 * index) * Math.cos(angle), y: 0.34 + (0.064 + 0.0002 * index) * Math.sin(angle) };
});
const LASER = { x: 0.71, y: 0.66 };

async function play(browser, server) {
  const desk = await openPage(browser, DESK);
  await desk.goto(server.url);
  await desk.locator("#start-room").click();
  const presenter = await new Presenter(desk).ready();
  const phone = await openPage(browser, PHONE);
  await phone.goto(await presenter.link());
  const follower = new Follower(phone);
  await follower.live();

  for (let slide = 1; slide < SLIDE; slide += 1) await presenter.press("ArrowRight");
  await desk.locator('.colour[data-colour="coral"]').click();
  await presenter.drag(...UNDERLINE);
  await desk.locator('.colour[data-colour="sky"]').click();
  await presenter.drag(...RING);
  await presenter.take("laser");
  await presenter.point(LASER);
  await follower.slide(SLIDE);
  await follower.sameStrokes(await presenter.strokes());
  await follower.laserAt(LASER);
  return [desk, phone];
}

/** Both pages side by side, each in a frame with its name. */
async function compose(browser, [desk, phone]) {
  const [left, right] = (await Promise.all([desk, phone].map((page) => page.screenshot()))).map(asUrl);
  const page = await openPage(browser, { viewport: { width: WIDTH, height: 600 } });
  await page.setContent(`
    <style>
      body { margin: 0; }
      main { display: flex; gap: 28px; align-items: center; padding: 24px 28px; background: #26332f; }
      img { display: block; }
      .desk { width: 824px; border-radius: 12px; outline: 2px solid #4a5c56; }
      .phone { padding: 11px 22px; border-radius: 32px; background: #070a09; outline: 2px solid #4a5c56; }
      .phone img { width: 488px; border-radius: 10px; }
    </style>
    <main><img class="desk" src="${left}"><div class="phone"><img src="${right}"></div></main>`);
  await page.locator("img").last().evaluate((image) => image.decode());
  return page.locator("main").screenshot();
}

const asUrl = (png) => `data:image/png;base64,${png.toString("base64")}`;

const server = await startServer();
const browser = await launch();
try {
  const pages = await play(browser, server);
  await mkdir(DOCS, { recursive: true });
  await writeFile(`${DOCS}screenshot.png`, await compose(browser, pages));
} finally {
  await browser.close();
  await server.kill();
}
