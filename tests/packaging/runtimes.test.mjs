/** The package outside of browsers. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { startServer } from "../browser/support/server.mjs";
import { WARNINGS } from "./fixtures/typos.mjs";
import { PARAMS } from "./support/called.mjs";
import { bin, project, run } from "./support/project.mjs";

const scene = (t) => ({ onEnd: (undo) => t.after(undo) });

async function server(t) {
  const server = await startServer();
  t.after(() => server.kill());
  return `ws://127.0.0.1:${server.port}/broadcasting`;
}

test("importing it in Node does nothing and throws nothing", async (t) => {
  const folder = await project(scene(t), "plain");
  const script = 'import * as all from "rtbroadcaster"; console.log(Object.keys(all).sort().join(" "))';
  const { stdout, stderr } = await run(folder, process.execPath, ["--input-type=module", "--eval", script]);
  assert.equal(stdout, "create init join");
  assert.equal(stderr, "");
});

test("a server that renders pages with Vite imports it", async (t) => {
  const folder = await project(scene(t), "ssr");
  const { stdout } = await run(folder, process.execPath, ["server.js"]);
  assert.equal(stdout, "<p>function function</p>");
});

test("Node runs it with the WebSocket of the package ws", async (t) => {
  const url = await server(t);
  const folder = await project(scene(t), "node");
  const node = async (script, at = url) => (await run(folder, process.execPath, [script, at])).stdout;
  assert.equal(await node("main.js"), PARAMS);
  const [codes, relative] = (await node("without.js")).split("\n");
  assert.equal(codes, "connection_failed ReferenceError invalid_argument undefined");
  assert.match(relative, /"\/broadcasting" is no absolute URL, and there is no page/);
  const dropped = "closed superseded, invalid_argument on, invalid_argument undefined, message_too_large large, queue_full full";
  assert.equal(await node("dropped.js"), dropped);
  // A port that was free a moment ago.
  const gone = await startServer();
  await gone.kill();
  assert.equal(await node("refused.js", `ws://127.0.0.1:${gone.port}/broadcasting`), "connection_failed");
});

test("Node tells what is mistyped, but not in production", async (t) => {
  const url = await server(t);
  const folder = await project(scene(t), "node");
  const node = async (env) => (await run(folder, process.execPath, ["mistyped.js", url], env)).stderr;
  assert.deepEqual((await node({})).split("\n"), WARNINGS);
  assert.equal(await node({ NODE_ENV: "production" }), "");
});

test("Node 20 with its flag, Node 22, Bun and Deno run it with the WebSocket they have", async (t) => {
  const url = await server(t);
  const folder = await project(scene(t), "runtimes");
  // Their install scripts, which npm was told to leave out.
  await run(folder, process.execPath, ["node_modules/bun/install.js"]);
  await run(join(folder, "node_modules/node"), process.execPath, ["installArchSpecificPackage.js"]);
  const runtimes = [
    [process.execPath, "--experimental-websocket"],
    // npm makes no link to it, because it was not there yet.
    [join(folder, "node_modules/node/bin/node")],
    [bin(folder, "bun")],
    [bin(folder, "deno"), "run", "--allow-read", "--allow-net"],
  ];
  const gone = await startServer();
  await gone.kill();
  for (const [program, ...options] of runtimes) {
    const said = async (...args) => (await run(folder, program, [...options, ...args])).stdout;
    assert.equal(await said("main.mjs", url), PARAMS, program);
    const refused = await said("refused.mjs", `ws://127.0.0.1:${gone.port}/broadcasting`);
    assert.equal(refused, "connection_failed, several sockets, told of several", program);
  }
});

test("workerd, which compiles no WebAssembly, runs it with a module that was given to init", async (t) => {
  const ROOMS = await server(t);
  const folder = await project(scene(t), "workerd");
  const { stdout } = await run(folder, bin(folder, "workerd"), ["test", "config.capnp"], { ROOMS });
  const [without, called] = stdout.split("\n");
  assert.match(without, /^RoomError wasm_failed .*`init`/);
  assert.equal(called, PARAMS);
});
