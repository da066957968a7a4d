/** The package in projects with bundlers: built, served by the server, opened in the browser. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { scenario } from "../browser/support/scenario.mjs";
import { called, PARAMS } from "./support/called.mjs";
import { WARNINGS } from "./fixtures/typos.mjs";
import { bin, fixture, project, run } from "./support/project.mjs";

/** Opens the built page. */
async function opened(scene, folder, page = "") {
  const { url } = await scene.server({ site: folder });
  return scene.open(`${url}${page}`);
}

/** Starts Vite's dev server on a port of its choice, and returns its address. */
async function viteDev(scene, folder) {
  const vite = spawn(bin(folder, "vite"), ["--host", "127.0.0.1", "--port", "0"], { cwd: folder });
  const ended = new Promise((resolve) => vite.on("exit", resolve));
  scene.onEnd(() => {
    vite.kill();
    return ended;
  });
  return new Promise((resolve, reject) => {
    let said = "";
    vite.stderr.on("data", (data) => (said += data));
    createInterface({ input: vite.stdout }).on("line", (line) => {
      said += `${line}\n`;
      const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(line.replaceAll(/\u001b\[\d+m/g, ""))?.[0];
      if (url) resolve(url);
    });
    vite.on("exit", () => reject(new Error(`vite ended before it listened:\n${said}`)));
  });
}

scenario("Vite, built", {}, async (scene) => {
  const folder = await project(scene, "vite");
  await run(folder, bin(folder, "vite"), ["build"]);
  await called(await opened(scene, join(folder, "dist")));
});

scenario("Vite puts a worker into the page as a text, and a call there points to init", {}, async (scene) => {
  const folder = await project(scene, "vite");
  await copyFile(join(folder, "inline.js"), join(folder, "main.js"));
  await run(folder, bin(folder, "vite"), ["build"]);
  const page = await opened(scene, join(folder, "dist"));
  await page.waitForFunction(() => document.title !== "");
  const [without, called] = JSON.parse(await page.title());
  assert.match(without, /^RoomError wasm_failed .*`init`/);
  assert.equal(called, PARAMS);
});

scenario("Vite's dev server, whose pages talk to rooms of another origin", {}, async (scene) => {
  const folder = await project(scene, "vite");
  const rooms = await scene.server({ site: folder, options: ["--allow-origin", "*"] });
  const url = await viteDev(scene, folder);
  await called(await scene.open(`${url}?server=${rooms.url}broadcasting`));
});

scenario("Vite tells what is mistyped in development, and ships no word of it", {}, async (scene) => {
  const folder = await project(scene, "vite");
  const rooms = await scene.server({ site: folder, options: ["--allow-origin", "*"] });
  const page = await scene.open(`${await viteDev(scene, folder)}typos.html?server=${rooms.url}broadcasting`);
  await page.waitForFunction(() => document.title === "done");
  const said = page.complaints.splice(0).map((complaint) => complaint.replace(/ \(http[^ ]*\)$/, ""));
  assert.deepEqual(said, WARNINGS);
  await run(folder, bin(folder, "vite"), ["build"]);
  for (const file of await readdir(join(folder, "dist/assets"))) {
    assert.ok(!(await readFile(join(folder, "dist/assets", file), "utf8")).includes("has no option"), file);
  }
});

scenario("Vite's dev server passes the rooms on, as the readme says, or pages name their server", {}, async (scene) => {
  const readme = await readFile(new URL("../../sdk-wasm/npm/README.md", import.meta.url), "utf8");
  const [, recipe] = /^```js\n(\/\/ vite\.config\.js\n.*?)^```$/ms.exec(readme);
  const folder = await project(scene, "vite");
  const rooms = await scene.server({ site: folder });
  assert.ok(recipe.includes(":8080"));
  await writeFile(join(folder, "vite.config.js"), recipe.replace(":8080", `:${rooms.port}`));
  const url = await viteDev(scene, folder);
  await called(await scene.open(url));
  assert.match(readme, /`--allow-origin http:\/\/localhost:5173`/);
  const others = await scene.server({ site: folder, options: ["--allow-origin", new URL(url).origin] });
  await called(await scene.open(`${url}?server=ws://127.0.0.1:${others.port}/broadcasting`));
});

scenario("Vite 7, which needs an option in development", {}, async (scene) => {
  const folder = await project(scene, "vite7");
  for (const name of ["index.html", "main.js"]) await copyFile(fixture("vite", name), join(folder, name));
  const rooms = await scene.server({ site: folder, options: ["--allow-origin", "*"] });
  const url = await viteDev(scene, folder);
  await called(await scene.open(`${url}?server=${rooms.url}broadcasting`));
  await run(folder, bin(folder, "vite"), ["build"]);
  await called(await opened(scene, join(folder, "dist")));
});

scenario("webpack 5", {}, async (scene) => {
  const folder = await project(scene, "webpack");
  await run(folder, bin(folder, "webpack"), []);
  await copyFile(join(folder, "index.html"), join(folder, "dist/index.html"));
  await called(await opened(scene, join(folder, "dist")));
});

/** What each bundler makes of the module that is loaded only where websockets are blocked. */
const BUILDS = {
  vite: (folder) => run(folder, bin(folder, "vite"), ["build"]),
  webpack: async (folder) => {
    await run(folder, bin(folder, "webpack"), []);
    await copyFile(join(folder, "index.html"), join(folder, "dist/index.html"));
  },
  esbuild: async (folder) => {
    await run(folder, process.execPath, ["build.js"]);
    await copyFile(join(folder, "index.html"), join(folder, "dist/index.html"));
  },
};

for (const [bundler, build] of Object.entries(BUILDS)) {
  scenario(`${bundler}, where websockets are blocked`, { connectionsBreak: true }, async (scene) => {
    const folder = await project(scene, bundler);
    await build(folder);
    const network = await scene.proxy(await scene.server({ site: join(folder, "dist") }));
    network.refuseWebsockets();
    await called(await scene.open(network.url));
  });
}

scenario("esbuild, with the WebAssembly beside the bundle or through its file loader", {}, async (scene) => {
  const folder = await project(scene, "esbuild");
  await run(folder, process.execPath, ["build.js"]);
  const loader = ["loader.js", "--bundle", "--format=esm", "--outdir=dist", "--loader:.wasm=file"];
  await run(folder, bin(folder, "esbuild"), loader);
  for (const page of ["index.html", "loader.html"]) await copyFile(join(folder, page), join(folder, "dist", page));
  await called(await opened(scene, join(folder, "dist")));
  await called(await opened(scene, join(folder, "dist"), "loader.html"));
});
