/** The readme's page does what the readme says. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { scenario } from "./support/scenario.mjs";
import { copySite } from "./support/site.mjs";

const README = new URL("../../README.md", import.meta.url);

scenario("the readme's page owns a room without a hash and follows with one", {}, async (scene) => {
  const [, page] = /^```html\n(.*?)^```$/ms.exec(await readFile(README, "utf8"));
  const site = await copySite(scene);
  // For a page without an icon, the browser asks for one and complains. Chromium looks in the head
  // only.
  await writeFile(join(site, "readme.html"), page.replace("\n", '\n<link rel="icon" href="data:,">\n'));
  const { url } = await scene.server({ site });

  const owner = await scene.open(`${url}readme.html`);
  await owner.waitForFunction(() => document.title.startsWith("drives "));
  await owner.locator("#next").click();
  const uuid = (await owner.title()).split(" ")[1];

  const follower = await scene.open(`${url}readme.html#${uuid}`);
  await follower.waitForFunction(() => document.querySelector("#slide").textContent === "2");
  await owner.locator("#next").click();
  await follower.waitForFunction(() => document.querySelector("#slide").textContent === "3");
});
