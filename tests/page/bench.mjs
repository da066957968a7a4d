/**
 * What the npm package costs a page, beside a class written by hand for the same frames and beside
 * the original's class, in a real Chromium: `cargo xtask bench --page` runs this. Ratios within one
 * run count; absolute figures depend on the machine.
 */

import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

import { launch, openPage } from "../browser/support/browser.mjs";
import { startServer } from "../browser/support/server.mjs";
import { spread } from "./spread.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** In CI there are fewer and shorter rounds, with some margin for a busy machine. */
const isCheck = process.argv.includes("--check");
const ROUNDS = isCheck ? 7 : 31;
const MESSAGES = isCheck ? 4_096 : 16_384;

/** Messages of ten minutes at a thousand a second, or as many as show a leak. */
const SOAKED = isCheck ? 20_000 : 600_000;
const WARM_UP = 10_000;

/**
 * How much the page's heap may grow after garbage collection: compiled code, and what the browser
 * keeps. The smallest leak with each of 20,000 messages is larger.
 */
const BYTES_ANYHOW = 128 * 1024;

/**
 * How often a page follows a room and leaves it, how often before it is measured, and after how
 * often its garbage is collected. While the first ones come and go, the browser compiles code.
 */
const LEFT = isCheck ? 100 : 400;
const LEFT_BEFORE = 500;
const LEFT_AT_ONCE = 20;

/** How much the heap may grow by that. */
const BYTES_LEFT = 100_000;

/**
 * What is measured beside a class written by hand: the goal as a ratio to its time, and the ratio
 * that fails the run, with some margin for a busy machine.
 */
const BESIDE_HAND_WRITTEN = [
  { name: "received, one a frame", measure: "receiving", kind: "call", batch: 1, goal: 1.05, most: 1.6 },
  { name: "received, 64 a frame", measure: "receiving", kind: "call", batch: 64, goal: 1.05, most: 1.5 },
  { name: "received, one a frame, state", measure: "receiving", kind: "state", batch: 1, most: 2 },
  { name: "broadcast, one a task", measure: "broadcasting", kind: "call", batch: 1, goal: 1.1, most: 2.2 },
  { name: "broadcast, 16 a task", measure: "broadcasting", kind: "call", batch: 16, goal: 1.1, most: 2.2 },
  { name: "answered, one a task", measure: "broadcasting", kind: "call", batch: 1, isAnswered: true, goal: 1.3, most: 2.5 },
  { name: "answered, 16 a task", measure: "broadcasting", kind: "call", batch: 16, isAnswered: true, goal: 1.15, most: 2.5 },
];

/**
 * The same beside the original's class.
 *
 * Broadcasts are also measured over real sockets. There the browser's part is ten times as large as
 * either class's own. Ours sends a frame a task and the original a frame a call, but only ours is
 * acknowledged, by as many frames. These keep the browser's network and the server busy at the same
 * time, on the same processors. There is no goal for that.
 */
const BESIDE_ORIGINAL = [
  { name: "received, one a frame", measure: "receiving", kind: "call", batch: 1, most: 1.6 },
  { name: "received, one a frame, state", measure: "receiving", kind: "state", batch: 1, most: 1.6 },
  { name: "received, 16 a frame", measure: "receiving", kind: "call", batch: 16, most: 1.5 },
  { name: "received, 16 a frame, state", measure: "receiving", kind: "state", batch: 16, most: 1.5 },
  { name: "broadcast, one a task", measure: "broadcasting", kind: "call", batch: 1, most: 1.6 },
  { name: "broadcast, one a task, state", measure: "broadcasting", kind: "state", batch: 1, most: 1.6 },
  { name: "broadcast, 16 a task", measure: "broadcasting", kind: "call", batch: 16, most: 1.5 },
  { name: "  over a socket, one a task", measure: "broadcasting", kind: "call", batch: 1, connected: true, most: 8 },
  { name: "  over a socket, 16 a task", measure: "broadcasting", kind: "call", batch: 16, connected: true, most: 3 },
];

const browser = await launch();
// The owners here are faster than any page is for long, and the server must not slow them down.
const server = await startServer({ options: ["--owner-actions-per-second", "1000000000", "--owner-bytes-per-second", "4000000000"] });
const roomsUrl = new URL("/broadcasting", server.url).href;
try {
  console.log(cpus()[0]?.model);
  const missed = [
    ...(await compare(await benchPage(), "hand-written", BESIDE_HAND_WRITTEN)),
    ...(await compare(await benchPage(), "original", BESIDE_ORIGINAL)),
    ...(await leave(await benchPage())),
    ...(await soak(await benchPage())),
    ...(await spread(browser, server.url, isCheck ? { pages: 5, actions: 10, jitter: 30 } : { pages: 20, actions: 50, jitter: 300 })),
  ];
  if (missed.length > 0) throw new Error(`missed: ${missed.join("; ")}`);
} finally {
  await browser.close();
  await server.kill();
}

/** A page that has `bench` and the messages of a real server. */
async function benchPage() {
  const page = await openPage(browser);
  await page.goto(server.url);
  await page.addScriptTag({ content: await readFile(here("../browser/original/client.js"), "utf8") });
  await page.addScriptTag({ content: await readFile(here("hand-written.js"), "utf8") });
  await page.addScriptTag({ content: await readFile(here("in-page.js"), "utf8"), type: "module" });
  // A module runs when it is loaded, not when its tag is added.
  await page.waitForFunction(() => "bench" in globalThis);
  const lines = await page.evaluate((url) => bench.record(url), roomsUrl);
  return { page, lines };
}

async function compare({ page, lines }, beside, all) {
  console.log(`\n${"µs a message, medians".padEnd(32)}      ours${beside.padStart(14)}     ratio      goal`);
  const missed = [];
  for (const { name, measure, goal, most, connected, ...measured } of all) {
    const run = ({ measure, args }) => bench[measure](...args);
    const args = [{ ...measured, beside, url: connected && roomsUrl }, MESSAGES, ROUNDS];
    const results = await page.evaluate(run, { measure, args });
    const [ours, theirs] = [0, 1].map((side) => median(results.map((pair) => pair[side])) / 1e3);
    // The ratio of each round, so that disturbances of both do not count.
    const ratio = median(results.map(([ours, theirs]) => ours / theirs));
    const cells = ours.toFixed(2).padStart(10) + theirs.toFixed(2).padStart(14) + ratio.toFixed(2).padStart(10);
    const verdict = goal ? `${goal.toFixed(2).padStart(10)}  ${ratio <= goal ? "reached" : "missed"}` : "";
    console.log(name.padEnd(32) + cells + verdict);
    if (ratio > most) missed.push(`${name}: ${ratio.toFixed(2)} of the ${beside} class's, at most ${most}`);
  }
  for (const [kind, line] of Object.entries(lines)) console.log(`${kind}: ${line[beside === "original" ? beside : "ours"]}`);
  return missed;
}

/** Bytes of the heap and of all WebAssembly, without garbage. */
async function measureMemory(page, devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return { heap: usedSize, wasm: await page.evaluate(() => bench.wasmBytes()) };
}

function printMemory(what, before, after) {
  console.log(`\n${what}, in bytes`);
  for (const [name, at] of Object.entries({ before, after })) console.log(`${name.padEnd(8)}heap ${at.heap}, wasm ${at.wasm}`);
}

/** A room that is over leaves nothing behind. */
async function leave({ page }) {
  const devtools = await page.context().newCDPSession(page);
  const followAndLeave = async (times) => {
    for (let left = 0; left < times; left += LEFT_AT_ONCE) {
      await page.evaluate((times) => bench.followAndLeave(times), LEFT_AT_ONCE);
      await measureMemory(page, devtools);
    }
  };
  await followAndLeave(LEFT_BEFORE);
  const before = await measureMemory(page, devtools);
  await followAndLeave(LEFT);
  const after = await measureMemory(page, devtools);
  printMemory(`${LEFT} rooms followed and left`, before, after);
  const missed = [];
  if (after.heap - before.heap > BYTES_LEFT) missed.push("rooms that are over stay in the page's heap");
  if (after.wasm !== before.wasm) missed.push("rooms that are over stay in the WebAssembly's memory");
  return missed;
}

async function soak({ page }) {
  const devtools = await page.context().newCDPSession(page);
  await page.evaluate((messages) => bench.soak(messages), WARM_UP);
  const before = await measureMemory(page, devtools);
  await page.evaluate((messages) => bench.soak(messages), SOAKED);
  const after = await measureMemory(page, devtools);
  printMemory(`${SOAKED} messages received and ${SOAKED} sent`, before, after);
  const missed = [];
  if (after.heap - before.heap > BYTES_ANYHOW) missed.push("the page's heap has grown");
  if (after.wasm !== before.wasm) missed.push("the WebAssembly's memory has grown");
  return missed;
}

function median(numbers) {
  return numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}
