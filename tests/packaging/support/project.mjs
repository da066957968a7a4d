/** New projects that install the package from its tarball, as its users do. */

import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const TARBALL = required("RTBROADCASTER_TARBALL");
const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const QUIET = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error"];
const start = promisify(execFile);

/**
 * A copy of one of the fixtures, with the packages of its lock file and our package installed.
 *
 * @param {{ onEnd(undo: () => unknown): void }} scene at whose end the copy is removed
 * @param {string} from a fixture's name, or a folder's absolute path
 */
export async function project(scene, from) {
  const folder = await mkdtemp(join(tmpdir(), "rtbroadcaster-project-"));
  scene.onEnd(() => rm(folder, { recursive: true }));
  const isFixture = !isAbsolute(from);
  const source = isFixture ? join(FIXTURES, from) : from;
  await cp(source, folder, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  for (const name of isFixture ? ["tour.js", "typos.mjs"] : []) await cp(join(FIXTURES, name), join(folder, name));
  const files = await readdir(folder);
  if (files.includes("package-lock.json")) await npm(folder, ["ci"]);
  // Without one, npm would look in the folders above.
  else if (!files.includes("package.json")) await writeFile(join(folder, "package.json"), '{ "private": true }');
  await npm(folder, ["install", "--no-save", "--no-package-lock", TARBALL]);
  return folder;
}

/** Runs a program in a project's folder and returns what it printed. */
export async function run(folder, program, args, env = {}) {
  try {
    const { stdout, stderr } = await start(program, args, { cwd: folder, env: { ...process.env, ...env } });
    return { stdout: stdout.trim(), stderr: stderr.trim() };
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")} failed:\n${error.stdout ?? ""}${error.stderr ?? error}`);
  }
}

/** A file of a fixture. */
export const fixture = (name, file) => join(FIXTURES, name, file);

/** A program of the project's node_modules. */
export const bin = (folder, name) => join(folder, "node_modules/.bin", name);

const npm = (folder, args) => run(folder, "npm", [...args, ...QUIET]);

function required(name) {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set; run these tests by \`cargo xtask test --only packaging\``);
}
