/** The package's readme agrees with its types, and its quick start runs. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import ts from "typescript";

import { scenario } from "../browser/support/scenario.mjs";
import { project } from "./support/project.mjs";

const source = (file) => readFile(new URL(`../../sdk-wasm/npm/${file}`, import.meta.url), "utf8");
const README = await source("README.md");
const TYPES = ts.createSourceFile("index.d.ts", await source("index.d.ts"), ts.ScriptTarget.Latest, true);

const declaration = (name) => TYPES.statements.find((statement) => statement.name?.text === name);

/** The members of an interface itself, without those it extends. */
const members = (name) => declaration(name).members.map((member) => member.name.text);

/** The names in the first column of the table with this heading. */
function rows(heading) {
  const lines = README.split("\n");
  const start = lines.findIndex((line, at) => line.startsWith(`| ${heading} |`) && lines[at + 1]?.startsWith("|---"));
  assert.notEqual(start, -1, `there is no table ${heading}`);
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  const cells = lines.slice(start + 2, end).map((line) => line.split("|")[1]);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name));
}

const same = (found, wanted) => assert.deepEqual([...found].sort(), [...wanted].sort());

test("the readme's table of errors has every code, and the types explain each", () => {
  const codes = declaration("ErrorCode").type.types.map(({ literal }) => literal.text);
  same(rows("`code`"), codes);
  const comment = declaration("ErrorCode").getFullText();
  const explained = [...comment.matchAll(/^ \* - (.*?):/gm)].flatMap(([, names]) => [...names.matchAll(/`(\w+)`/g)]);
  same(explained.map(([, name]) => name), codes);
});

test("the readme's tables have every member of a room and every option", () => {
  same(rows("of a room"), new Set(members("Room")));
  same(rows("of `create` and `join`"), [...members("RoomOptions"), ...members("Callbacks")]);
  same(rows("of `create`"), members("CreateOptions"));
  same(rows("of `join`"), members("JoinOptions"));
  same(rows("of `broadcast`"), members("BroadcastOptions"));
});

test("the warnings of development builds know every option", async () => {
  const { OPTIONS } = await import("../../sdk-wasm/npm/warnings.js");
  const joins = [...members("RoomOptions"), ...members("Callbacks")];
  same(OPTIONS.join, [...joins, ...members("JoinOptions")]);
  same(OPTIONS.create, [...joins, ...members("CreateOptions")]);
  same(OPTIONS.broadcast, members("BroadcastOptions"));
});

scenario("the readme's quick start drives, has its room after a reload, and is followed by its link", {}, async (scene) => {
  const [, script] = /^```js\n(.*?)^```$/ms.exec(README);
  assert.ok(script.trim().split("\n").length <= 10, "it has ten lines");
  const folder = await project(scene, "plain");
  const page = (await readFile(join(folder, "index.html"), "utf8")).replace(/import \* as sdk[^]*showTour\(sdk\);/, script);
  assert.ok(page.includes(script));
  await writeFile(join(folder, "index.html"), page);
  const { url } = await scene.server({ site: folder });
  const shows = (page, slide) => page.waitForFunction((slide) => document.title === slide, String(slide));

  const owner = await scene.open(url);
  await owner.getByRole("button").click();
  await shows(owner, 2);
  const link = await owner.getByRole("link").evaluate(({ href }) => href);
  const follower = await scene.open(link);
  await shows(follower, 2);
  // A follower's click does nothing, and nothing complains.
  await follower.getByRole("button").click();

  await owner.reload();
  await shows(owner, 2);
  await owner.getByRole("button").click();
  await shows(owner, 3);
  await shows(follower, 3);
  await follower.reload();
  await shows(follower, 3);
});
