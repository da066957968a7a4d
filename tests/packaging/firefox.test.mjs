/** The package's needs of a browser, tested in Firefox. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import puppeteer from "puppeteer-core";

import { startServer } from "../browser/support/server.mjs";
import { PARAMS } from "./support/called.mjs";
import { project } from "./support/project.mjs";

const executablePath = process.env.FIREFOX;
const skip = executablePath ? false : "there is no Firefox";

const undo = [];
after(async () => {
  for (const each of undo.reverse()) await each();
});

/** Everything that the tests share. The first one starts it. */
let beginning;
const begin = () =>
  (beginning ??= (async () => {
    const onEnd = (each) => undo.push(each);
    const folders = { plain: await project({ onEnd }, "plain"), classic: await project({ onEnd }, "classic") };
    const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
    onEnd(() => browser.close());
    return { browser, folders };
  })());

/** A page of a project that the server serves. */
async function open(t, fixture, path) {
  const { browser, folders } = await begin();
  const server = await startServer({ site: folders[fixture] });
  t.after(() => server.kill());
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(`${server.url}${path}`);
  return { page, url: `ws://127.0.0.1:${server.port}/broadcasting` };
}

for (const path of ["index.html", "csp.html", "worker.html"]) {
  test(`Firefox: ${path} opens a room and follows it`, { skip }, async (t) => {
    const { page } = await open(t, "plain", path);
    await page.waitForFunction(() => document.title !== "");
    assert.equal(await page.title(), PARAMS);
  });
}

test("Firefox: the original's class in one file", { skip }, async (t) => {
  const { page, url } = await open(t, "classic", "script.html");
  await page.evaluate((url) => start(url), url);
  await page.waitForFunction(() => log.length === 2);
  assert.deepEqual(await page.evaluate(() => log), [["open", false], ["connection", true, await page.evaluate(() => client.uuid)]]);
});
