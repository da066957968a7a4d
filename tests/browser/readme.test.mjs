/** The readme's page does what the readme says. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { scenario } from "./support/scenario.mjs";
import { copySite } from "./support/site.mjs";

const README = new URL("../../README.md", import.meta.url);

scenario("the readme's page drives, has its room after a reload, and is followed by its link", {}, async (scene) => {
  const [, page] = /^```html\n(.*?)^```$/ms.exec(await readFile(README, "utf8"));
  const [, script] = /^<script type="module">\n(.*?)^<\/script>$/ms.exec(page);
  assert.ok(script.trim().split("\n").length <= 10, "it has ten lines");
  const site = await copySite(scene);
  // For a page without an icon, the browser asks for one and complains. Chromium looks in the head
  // only.
  await writeFile(join(site, "readme.html"), page.replace("\n", '\n<link rel="icon" href="data:,">\n'));
  const { url } = await scene.server({ site });
  const shows = (page, slide) =>
    page.waitForFunction((slide) => document.querySelector("#slide").value === slide, String(slide));
  const next = (page) => page.locator("#next:enabled").click();

  const owner = await scene.open(`${url}readme.html`);
  await next(owner);
  await shows(owner, 2);
  const link = await owner.locator("#link").evaluate(({ href }) => href);
  const follower = await scene.open(link);
  await shows(follower, 2);
  // A follower's click does nothing, and nothing complains.
  await follower.locator("#next").click({ force: true });
  assert.equal(await follower.locator("#next").isEnabled(), false);

  await owner.reload();
  await shows(owner, 2);
  await next(owner);
  await shows(owner, 3);
  await shows(follower, 3);
  await follower.reload();
  await shows(follower, 3);
  assert.equal(await owner.locator("#link").evaluate(({ href }) => href), link);
});
