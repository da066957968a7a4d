/** The examples do what they say: an owner drives, and the pages that open its link follow. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { scenario } from "../browser/support/scenario.mjs";
import { bin, project, run } from "./support/project.mjs";

const EXAMPLES = fileURLToPath(new URL("../../sdk-wasm/examples", import.meta.url));

/** The examples, with the commands of those that a bundler builds. The others need none. */
const PAGES = {
  page: [],
  element: [],
  classic: [],
  worker: [],
  vite: [["tsc"], ["vite", "build"]],
  react: [["vite", "build"]],
  // xtask compiles it.
  rust: [],
};

/** The examples whose owner has its room after a reload. A worker has no storage for one tab. */
const RESUMING = ["page", "element", "vite", "react", "rust"];

const OTHERS = ["README.md", "node"];

test("every example is run here", async () => {
  assert.deepEqual((await readdir(EXAMPLES)).sort(), [...Object.keys(PAGES), ...OTHERS].sort());
});

for (const [name, commands] of Object.entries(PAGES)) {
  scenario(`the example ${name}`, {}, async (scene) => {
    const folder = await project(scene, join(EXAMPLES, name));
    for (const [program, ...args] of commands) await run(folder, bin(folder, program), args);
    const { url } = await scene.server({ site: commands.length > 0 ? join(folder, "dist") : folder });
    const owner = await scene.open(url);
    await owner.locator("#next:enabled").click();
    const link = await owner.locator("#link").evaluate(({ href }) => href);

    const follower = await scene.open(link);
    await shows(follower, 2);
    assert.equal(await follower.locator("#next").isEnabled(), false);
    await owner.locator("#next").click();
    await shows(follower, 3);
    await shows(owner, 3);
    if (!RESUMING.includes(name)) return;
    await owner.reload();
    await shows(owner, 3);
    await owner.locator("#next:enabled").click();
    await shows(owner, 4);
    await shows(follower, 4);
    assert.equal(await owner.locator("#link").evaluate(({ href }) => href), link);
  });
}

const shows = (page, slide) =>
  page.waitForFunction((slide) => document.querySelector("#slide").textContent === slide, String(slide));

scenario("the example node", {}, async (scene) => {
  const folder = await project(scene, join(EXAMPLES, "node"));
  const site = await project(scene, join(EXAMPLES, "page"));
  const server = await scene.server({ site });
  const owner = await scene.open(server.url);
  await owner.locator("#next:enabled").click();
  const uuid = new URL(await owner.locator("#link").evaluate(({ href }) => href)).hash.slice(1);

  const node = spawn(process.execPath, ["follow.js", `ws://127.0.0.1:${server.port}/broadcasting`, uuid], { cwd: folder });
  const ended = once(node, "exit");
  scene.onEnd(() => {
    node.kill();
    return ended;
  });
  const lines = createInterface({ input: node.stdout })[Symbol.asyncIterator]();
  const says = async (line) => assert.equal((await lines.next()).value, line);
  await says(`following ${uuid}`);
  await says("slide 2");
  await owner.locator("#next").click();
  await says("slide 3");
});
