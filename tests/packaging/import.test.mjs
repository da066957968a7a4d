/** Where the package is imported: it does nothing there, and says what it lacks when it is used. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { scenario } from "../browser/support/scenario.mjs";
import { startServer } from "../browser/support/server.mjs";
import { called, PARAMS } from "./support/called.mjs";
import { bin, project, run } from "./support/project.mjs";

const undo = [];
after(async () => {
  for (const each of undo.reverse()) await each();
});
const shared = (name) => project({ onEnd: (each) => undo.push(each) }, name);

test("jest imports every entry in jsdom, and a call says what is missing", async (t) => {
  const server = await startServer({ options: ["--allow-origin", "*"] });
  t.after(() => server.kill());
  const folder = await shared("jest");
  const jest = join(folder, "node_modules/jest/bin/jest.js");
  const rooms = `ws://127.0.0.1:${server.port}/broadcasting`;
  await run(folder, process.execPath, ["--experimental-vm-modules", jest, "--forceExit"], { ROOMS: rooms });
});

/** The ways in which Next.js puts the package into what it builds for the server. */
const BUILDS = {
  Turbopack: { options: [], environment: {} },
  webpack: { options: ["--webpack"], environment: {} },
  // No hook there: Node loads it with another copy of React than that of Next.js.
  "Turbopack, which leaves the package alone": { options: [], environment: { EXTERNAL: "1" }, hook: false },
};

let nextProject;
for (const [name, { options, environment, hook = true }] of Object.entries(BUILDS)) {
  scenario(`Next.js with ${name}: a server component and the hook`, {}, async (scene) => {
    nextProject ??= shared("next");
    const folder = await nextProject;
    const rooms = await scene.server({ options: ["--allow-origin", "*"] });
    const ROOMS = `ws://127.0.0.1:${rooms.port}/broadcasting`;
    const env = { ...environment, ROOMS, DIST: `dist-${Object.keys(BUILDS).indexOf(name)}`, NEXT_TELEMETRY_DISABLED: "1" };
    if (!hook) await rm(join(folder, "app/hook"), { recursive: true });
    await run(folder, bin(folder, "next"), ["build", ...options], env);
    const url = await nextStart(scene, folder, env);
    const page = await scene.open(url);
    assert.equal(await page.textContent("main"), PARAMS);
    if (!hook) return;
    const early = await (await fetch(`${url}hook`)).text();
    assert.match(early, /<main title="Symbol\(react\.client\.reference\)">connecting</);
    await page.goto(`${url}hook?server=${ROOMS}`);
    await page.getByText("connected", { exact: true }).waitFor();
  });
}

/** Starts the built application on a free port, and returns its address. */
async function nextStart(scene, folder, env) {
  const next = spawn(process.execPath, ["node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", "0"], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  const ended = new Promise((resolve) => next.on("exit", resolve));
  scene.onEnd(() => {
    next.kill();
    return ended;
  });
  return new Promise((resolve, reject) => {
    let said = "";
    next.stderr.on("data", (data) => (said += data));
    createInterface({ input: next.stdout }).on("line", (line) => {
      said += `${line}\n`;
      const port = /http:\/\/[\w.]+:(\d+)/.exec(line)?.[1];
      if (port) resolve(`http://127.0.0.1:${port}/`);
    });
    next.on("exit", () => reject(new Error(`Next.js ended before it listened:\n${said}`)));
  });
}

test("scripts that are no modules are imported, and a call points to init", async () => {
  const folder = await shared("esbuild");
  const entries = ["index", "element", "classic", "fetch-socket", "play"];
  for (const format of ["cjs", "iife"]) {
    for (const entry of entries) {
      const from = join(folder, `node_modules/rtbroadcaster/${entry}.js`);
      const options = ["--bundle", `--format=${format}`, "--global-name=sdk", `--outfile=${format}/${entry}.cjs`];
      await run(folder, bin(folder, "esbuild"), [from, ...options, "--log-override:empty-import-meta=silent"]);
    }
  }
  const { init, create } = createRequire(import.meta.url)(join(folder, "cjs/index.cjs"));
  for (const call of [() => init(), () => create("ws://127.0.0.1:1/rooms")]) {
    await assert.rejects(call, ({ name, code, message }) => name === "RoomError" && code === "wasm_failed" && /`init`/.test(message));
  }
  for (const entry of entries) createRequire(import.meta.url)(join(folder, `cjs/${entry}.cjs`));
});

test("a bundle for Node carries the WebAssembly", async (t) => {
  const server = await startServer();
  t.after(() => server.kill());
  const folder = await shared("node");
  const esbuild = fileURLToPath(new URL("../../xtask/node_modules/.bin/esbuild", import.meta.url));
  for (const format of ["esm", "cjs"]) {
    const outfile = `bundle.${format === "esm" ? "mjs" : "cjs"}`;
    await run(folder, esbuild, ["bundled.js", "--bundle", "--platform=node", "--external:ws", `--format=${format}`, `--outfile=${outfile}`]);
    const { stdout } = await run(folder, process.execPath, [outfile, `ws://127.0.0.1:${server.port}/broadcasting`]);
    assert.equal(stdout, PARAMS);
  }
});

scenario("a worker without FinalizationRegistry, made of a text", {}, async (scene) => {
  const folder = await shared("plain");
  const { url } = await scene.server({ site: folder });
  const page = await scene.open(`${url}empty.html`);
  const said = await page.evaluate(async () => {
    const source = `
      delete self.FinalizationRegistry;
      const { create, init } = await import("${location.origin}/node_modules/rtbroadcaster/index.js");
      const room = await create("${location.origin.replace("http", "ws")}/broadcasting");
      postMessage(room.status);`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  });
  assert.equal(said, "connected");
});

scenario("a page with a plain script tag has the package as one object", {}, async (scene) => {
  const folder = await shared("plain");
  const { url } = await scene.server({ site: folder });
  const page = await scene.open(`${url}global.html`);
  await called(page);
});
