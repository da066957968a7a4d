/** A test with a server and pages of its own, all of which end with it. */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";

import { openBarePage } from "./bare.mjs";
import { DESKTOP, launch, openPage } from "./browser.mjs";
import { FAILURES } from "./environment.mjs";
import { Follower } from "./follower.mjs";
import { Presenter } from "./presenter.mjs";
import { startProxy } from "./proxy.mjs";
import { startServer } from "./server.mjs";

/**
 * The browser's own console messages about refused or cut connections, and about refused requests
 * to the rooms. No page can prevent them.
 */
const LOST_CONNECTION = /WebSocket connection to .* failed|Failed to load resource: (net::|.*\/(rooms\/|openapi\.json))|Access to fetch at '.*openapi\.json'/;

/** The browsers, by what they do that others don't. */
const launching = new Map();
after(async () => {
  for (const browser of launching.values()) await (await browser).close();
});

function browserFor({ keepsPages, stopsTimers, isElsewhere }) {
  const kind = [keepsPages, stopsTimers, isElsewhere].join();
  if (!launching.has(kind)) launching.set(kind, launch({ keepsPages, stopsTimers }));
  return launching.get(kind);
}

/**
 * With `connectionsBreak`, the browser may report broken connections. With `keepsPages`, it keeps
 * pages that were left. With `stopsTimers`, hidden pages have no timers.
 *
 * @param {string} name
 * @param {{
 *   connectionsBreak?: boolean, keepsPages?: boolean, stopsTimers?: boolean, skip?: string | false
 * }} options
 * @param {(scene: Scene) => Promise<void>} run
 */
export function scenario(name, options, run) {
  test(name, { skip: options.skip }, async () => {
    const scene = new Scene(await browserFor(options));
    try {
      await run(scene);
      scene.assertNoComplaints(options);
    } catch (error) {
      await scene.photograph(name);
      throw error;
    } finally {
      await scene.end();
    }
  });
}

class Scene {
  #browser;
  #pages = [];
  #undo = [];

  constructor(browser) {
    this.#browser = browser;
  }

  /** Calls `undo` when the test has ended, passed or failed. */
  onEnd(undo) {
    this.#undo.push(undo);
  }

  async server(options) {
    const server = await startServer(options);
    this.onEnd(() => server.kill());
    return server;
  }

  /** A connection to the server that the test can cut. */
  async proxy(server) {
    const proxy = await startProxy(server.port);
    this.onEnd(() => proxy.close());
    return proxy;
  }

  async open(url, device = DESKTOP) {
    return this.#open(this.#browser, url, device);
  }

  /**
   * Opens a page in another browser. When pages of one browser go offline and come back, Chromium
   * may close connections of its other pages too (seen with 148).
   */
  async openElsewhere(url) {
    return this.#open(await browserFor({ isElsewhere: true }), url, DESKTOP);
  }

  async #open(browser, url, device) {
    const page = await openPage(browser, device);
    this.#pages.push(page);
    await page.goto(url);
    return page;
  }

  /** A page that can be frozen. Its console isn't watched. */
  async barePage(url) {
    const page = await openBarePage(this.#browser, url);
    this.onEnd(() => page.close());
    return page;
  }

  /** A page that has opened a room from the start page, as a user would. */
  async presenter(url, device) {
    const page = await this.open(url, device);
    await page.locator("#start-room").click();
    return new Presenter(page).ready();
  }

  /** A page that has opened the presenter's link. */
  async follower(link, device) {
    return new Follower(await this.open(link, device));
  }

  assertNoComplaints({ connectionsBreak }) {
    const complaints = this.#pages.flatMap((page) => page.complaints);
    const own = connectionsBreak ? complaints.filter((text) => !LOST_CONNECTION.test(text)) : complaints;
    assert.deepEqual(own, [], "the pages' consoles are clean");
  }

  /** Saves screenshots of all pages in target/browser-failures/. */
  async photograph(name) {
    await mkdir(FAILURES, { recursive: true });
    for (const [index, page] of this.#pages.entries()) {
      const file = `${name.replaceAll(/\W+/g, "-")}-${index + 1}.png`;
      // A failed screenshot must not hide why the test failed.
      await page.screenshot({ path: join(FAILURES, file) }).catch(() => {});
      if (page.complaints.length) console.error(`${file} said:`, page.complaints);
    }
  }

  async end() {
    await Promise.all(this.#pages.map((page) => page.context().close()));
    for (const undo of this.#undo.reverse()) await undo();
  }
}
