/** The examples of docs/presenting.md as pages. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { copySite } from "./site.mjs";

const DOCUMENT = new URL("../../../docs/presenting.md", import.meta.url);

/** A site with the example under this heading as a page. */
export async function exampleSite(scene, heading) {
  const section = (await readFile(DOCUMENT, "utf8")).split(/^## /m).find((section) => section.startsWith(heading));
  const [, html] = /^```html\n(.*?)^```$/ms.exec(section);
  const site = await copySite(scene);
  // For a page without an icon, the browser asks for one and complains.
  const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="importmap">{ "imports": { "rtbroadcaster": "./rtbroadcaster/index.js", "rtbroadcaster/play": "./rtbroadcaster/play.js" } }</script>`;
  await writeFile(join(site, "example.html"), head + html);
  return site;
}

export const shows = (page, slide) =>
  page.waitForFunction((slide) => document.querySelector("#slide").value === slide, String(slide));
