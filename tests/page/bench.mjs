/**
 * What the npm package costs a page, beside the original's class, in a real Chromium: `cargo xtask bench --page` runs this.
 * Ratios within one run are what counts; the absolute figures are the machine's.
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { launch, openPage } from "../browser/support/browser.mjs";
import { startServer } from "../browser/support/server.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** In CI fewer and shorter rounds, and room for a machine that does other things meanwhile. */
const isCheck = process.argv.includes("--check");
const ROUNDS = isCheck ? 7 : 31;
const MESSAGES = isCheck ? 4_096 : 16_384;

/** Ten minutes at a thousand a second, or as many as show a leak. */
const SOAKED = isCheck ? 20_000 : 600_000;
const WARM_UP = 10_000;

/** What the page's heap may grow by, after the garbage is gone: compiled code, and what the browser keeps. The least that could leak
 * with each of 20,000 messages is more. */
const BYTES_ANYHOW = 128 * 1024;

/**
 * What is measured: the goal, as a part of what the original takes, and what fails the run. That leaves room for a machine that
 * does other things meanwhile.
 *
 * Broadcasts are also measured over real sockets, where the browser's part is ten times as large as either's own: a frame
 * a task with ours and a frame a call with the original's, but only ours is acknowledged, by as many frames, which keeps the browser's
 * network and the server busy at the same time, on the same processors. There is no goal for that.
 */
const MEASURED = [
  { name: "received, one a frame", measure: "receiving", kind: "call", batch: 1, goal: 1.05, most: 1.6 },
  { name: "received, one a frame, state", measure: "receiving", kind: "state", batch: 1, goal: 1.05, most: 1.6 },
  { name: "received, 16 a frame", measure: "receiving", kind: "call", batch: 16, goal: 1, most: 1.5 },
  { name: "received, 16 a frame, state", measure: "receiving", kind: "state", batch: 16, goal: 1, most: 1.5 },
  { name: "broadcast, one a task", measure: "broadcasting", kind: "call", batch: 1, goal: 1.05, most: 1.6 },
  { name: "broadcast, one a task, state", measure: "broadcasting", kind: "state", batch: 1, goal: 1.05, most: 1.6 },
  { name: "broadcast, 16 a task", measure: "broadcasting", kind: "call", batch: 16, goal: 1, most: 1.5 },
  { name: "  over a socket, one a task", measure: "broadcasting", kind: "call", batch: 1, connected: true, most: 8 },
  { name: "  over a socket, 16 a task", measure: "broadcasting", kind: "call", batch: 16, connected: true, most: 3 },
];

const browser = await launch();
// Its owners are faster than any page is for long: nobody is to slow them down.
const server = await startServer({ options: ["--owner-actions-per-second", "1000000000", "--owner-bytes-per-second", "4000000000"] });
const roomsUrl = new URL("/broadcasting", server.url).href;
try {
  const missed = [...(await compare(await benchPage())), ...(await soak(await benchPage()))];
  if (missed.length > 0) throw new Error(`missed: ${missed.join("; ")}`);
} finally {
  await browser.close();
  await server.kill();
}

/** A page that knows `bench`, and what a real server says. */
async function benchPage() {
  const page = await openPage(browser);
  await page.goto(server.url);
  await page.addScriptTag({ content: await readFile(here("../browser/original/client.js"), "utf8") });
  await page.addScriptTag({ content: await readFile(here("in-page.js"), "utf8"), type: "module" });
  // A module runs when it is loaded, not when its tag is there.
  await page.waitForFunction(() => "bench" in globalThis);
  const lines = await page.evaluate((url) => bench.record(url), roomsUrl);
  return { page, lines };
}

async function compare({ page, lines }) {
  for (const [kind, { ours, original }] of Object.entries(lines)) {
    console.log(`${kind}: ${ours.length} bytes ours, ${original.length} the original's\n  ${ours}\n  ${original}`);
  }
  console.log(`\n${"µs a message, medians".padEnd(32)}      ours  original     ratio      goal`);
  const missed = [];
  for (const { name, measure, kind, batch, connected, goal, most } of MEASURED) {
    const run = ({ measure, args }) => bench[measure](...args);
    const args = [kind, batch, MESSAGES, ROUNDS, connected && roomsUrl];
    const results = await page.evaluate(run, { measure, args });
    const [ours, original] = [0, 1].map((side) => median(results.map((pair) => pair[side])) / 1e3);
    // Of each round, so that what both suffered counts for nothing.
    const ratio = median(results.map(([ours, original]) => ours / original));
    const cells = [ours, original, ratio].map((number) => number.toFixed(2).padStart(10)).join("");
    const verdict = goal ? `${goal.toFixed(2).padStart(10)}  ${ratio <= goal ? "reached" : "missed"}` : "";
    console.log(name.padEnd(32) + cells + verdict);
    if (ratio > most) missed.push(`${name}: ${ratio.toFixed(2)} of the original's, at most ${most}`);
  }
  return missed;
}

async function soak({ page }) {
  const devtools = await page.context().newCDPSession(page);
  const measure = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { usedSize } = await devtools.send("Runtime.getHeapUsage");
    return { heap: usedSize, wasm: await page.evaluate(() => bench.wasmBytes()) };
  };
  await page.evaluate((messages) => bench.soak(messages), WARM_UP);
  const before = await measure();
  await page.evaluate((messages) => bench.soak(messages), SOAKED);
  const after = await measure();
  console.log(`\n${SOAKED} messages received and ${SOAKED} sent, in bytes`);
  for (const [name, at] of Object.entries({ before, after })) console.log(`${name.padEnd(8)}heap ${at.heap}, wasm ${at.wasm}`);
  const missed = [];
  if (after.heap - before.heap > BYTES_ANYHOW) missed.push("the page's heap has grown");
  if (after.wasm !== before.wasm) missed.push("the WebAssembly's memory has grown");
  return missed;
}

function median(numbers) {
  return numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}
