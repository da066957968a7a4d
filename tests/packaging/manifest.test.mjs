/** The package's manifest and contents, checked with the tools that users of npm use. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { bin, project, run, TARBALL } from "./support/project.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SOURCES = ["../../sdk-wasm/npm", "../.."].map((folder) => join(HERE, folder));

/** The built files: the wasm, the source map, and the two files for a plain script tag. */
const BUILT = ["clock.js", "rtbroadcaster_sdk_bg.wasm", "index.js.map", "rtbroadcaster.classic.js", "rtbroadcaster.global.js"];

/** Exports that are no JavaScript modules, and so have no types. */
const WITHOUT_TYPES = ["rtbroadcaster.wasm", "rtbroadcaster.classic.js", "rtbroadcaster.global.js"];

test("publint has nothing to say", async () => {
  const bytes = await readFile(TARBALL);
  const tarball = new Uint8Array(bytes).buffer;
  const { messages, pkg } = await publint({ pack: { tarball } });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test("are-the-types-wrong finds nothing wrong with the types of an ES module", async () => {
  await run(HERE, bin(HERE, "attw"), [TARBALL, "--profile", "esm-only", "--exclude-entrypoints", ...WITHOUT_TYPES]);
});

test("every file of the tarball is written by hand or named here, and every entry is there", async (t) => {
  const folder = join(await project({ onEnd: (undo) => t.after(undo) }, "plain"), "node_modules/rtbroadcaster");
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = relative(folder, join(entry.parentPath, entry.name));
    const isByHand = SOURCES.some((source) => existsSync(join(source, file)));
    assert.ok(BUILT.includes(file) || isByHand, `where does ${file} come from?`);
  }
  const entries = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry)));
  for (const entry of entries) assert.ok(existsSync(join(folder, entry)), `${entry} is missing`);
});
