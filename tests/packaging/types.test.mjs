/** What the compiler accepts and refuses, and the reference that is made of the types' comments. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { bin, project, run } from "./support/project.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

test("contracts and schemas are checked on both ends", async (t) => {
  const folder = await project({ onEnd: (undo) => t.after(undo) }, "types");
  await run(folder, bin(folder, "tsc"), ["--project", "."]);
});

test("a project without the DOM compiles, with every library's types checked", async (t) => {
  const folder = await project({ onEnd: (undo) => t.after(undo) }, "types");
  await run(folder, bin(folder, "tsc"), ["--project", "without-dom.json"]);
});

test("typedoc makes a reference of every option, event and code without a warning", async (t) => {
  const out = await mkdtemp(join(tmpdir(), "rtbroadcaster-reference-"));
  t.after(() => rm(out, { recursive: true }));
  await run(HERE, bin(HERE, "typedoc"), ["--options", "typedoc.json", "--out", out]);
});
