/** The npm package outside of browsers: servers that render pages import it too. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { SITE } from "./support/environment.mjs";

const run = promisify(execFile);

test("the package is imported by its name in node, and does nothing until it is called", async (t) => {
  const project = await mkdtemp(join(tmpdir(), "rtbroadcaster-project-"));
  t.after(() => rm(project, { recursive: true }));
  await mkdir(join(project, "node_modules"));
  await symlink(join(SITE, "rtbroadcaster"), join(project, "node_modules/rtbroadcaster"), "junction");
  const script = 'import * as all from "rtbroadcaster"; console.log(Object.keys(all).sort().join(" "))';
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: project });
  assert.equal(stdout.trim(), "create init join");
  assert.equal(stderr, "");
});
