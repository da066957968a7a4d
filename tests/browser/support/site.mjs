/** Copies of the site for tests that change it. */

import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SITE } from "./environment.mjs";

/** @param {import("./scenario.mjs").Scene} scene at whose end the copy is removed */
export async function copySite(scene) {
  const copy = await mkdtemp(join(tmpdir(), "rtbroadcaster-site-"));
  scene.onEnd(() => rm(copy, { recursive: true }));
  await cp(SITE, copy, { recursive: true });
  return copy;
}

/** Writes the address as `cargo xtask serve` does. */
export async function setAddress(site, address) {
  await writeFile(join(site, "site.json"), JSON.stringify({ address }));
}
