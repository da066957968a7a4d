/**
 * The page at /admin/: with the token it shows the server's rooms and numbers, also to users with a
 * keyboard or a screen reader.
 */

import assert from "node:assert/strict";

import { PHONE } from "./support/browser.mjs";
import { scenario } from "./support/scenario.mjs";
import { sdkPage } from "./support/sdk.mjs";

const TOKEN = "the-token-of-the-administration";

/** The browser's own console message about a refused or failed request. No page can prevent it. */
const FAILED_REQUEST = /Failed to load resource/;

/** Opens a room with followers in another page. Runs in the page. */
async function openRoom(followers) {
  const room = await sdk.create(url);
  for (let count = 0; count < followers; count += 1) await sdk.join(url, room.uuid, { functions: { act: () => {} } });
  globalThis.room = room;
  return room.uuid;
}

const start = (scene) => scene.server({ environment: { RTBROADCASTER_ADMIN_TOKEN: TOKEN } });
const openAdmin = (scene, server, device) => scene.open(new URL("admin/", server.url).href, device);

/** Types the token: the focus is in the right field already, so it needs no mouse. */
async function enter(page) {
  await page.getByLabel("Admin token").waitFor();
  await page.keyboard.type(TOKEN);
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "Rooms" }).waitFor();
}

/** Waits until the tile of this name shows this text. */
async function tile(page, name, text) {
  const tile = page.locator(".tiles > div", { has: page.locator("dt", { hasText: name }) });
  await tile.locator("dd", { hasText: text }).waitFor();
}

function forgive(page, complaint) {
  page.complaints = page.complaints.filter((text) => !complaint.test(text));
}

scenario("its numbers follow what happens on the server", {}, async (scene) => {
  const server = await start(scene);
  const page = await openAdmin(scene, server);
  await enter(page);
  await page.getByText("No room is open.").waitFor();
  await page.getByRole("status").filter({ hasText: "Live" }).waitFor();
  await tile(page, "Rooms", /^0\s+of 10,000$/);

  const presenter = await sdkPage(scene, server.url);
  const uuid = await presenter.evaluate(openRoom, 2);
  await tile(page, "Rooms", /^1\s+of 10,000$/);
  await tile(page, "Connections", /^3\s+of 20,000$/);
  await tile(page, "Followers", /^2\s+none behind$/);
  const row = page.getByRole("row", { name: uuid });
  await row.getByRole("cell", { name: "here" }).waitFor();

  await presenter.evaluate(async () => {
    for (let count = 0; count < 7; count += 1) await room.broadcast("act", [count], { slot: `slot-${count}` });
  });
  await tile(page, "Actions", /7 in all$/);
  await tile(page, "Deliveries", /14 in all$/);
  await tile(page, "Slots retained", /^7/);
  await presenter.evaluate(() => room.close());
  await tile(page, "Rooms", /^0\s+of 10,000$/);
  await row.waitFor({ state: "detached" });
});

scenario("of a cluster it shows all nodes, and where each room is", {}, async (scene) => {
  const server = await start(scene);
  const presenter = await sdkPage(scene, server.url);
  const uuid = await presenter.evaluate(openRoom, 1);
  const page = await openAdmin(scene, server);
  await enter(page);
  await page.getByRole("row", { name: uuid }).waitFor();
  assert.equal(await page.getByRole("table", { name: "Nodes" }).count(), 0, "a server alone is no node");

  // What a node answers is for the tests of the cluster.
  const node = { version: "1.2.3", rooms: 4, heardMs: 61_000, isAlive: true, isThis: true };
  const nodes = [{ ...node, id: "a1", name: "a" }, { ...node, id: "b2", name: "b", isAlive: false, isThis: false }];
  await page.route("**/admin/nodes", (route) => route.fulfill({ json: { nodes } }));
  await page.route("**/admin/rooms?*", async (route) => {
    const response = await route.fetch();
    const { rooms, ...rest } = await response.json();
    const placed = rooms.map((room) => ({ ...room, ownerNode: "b", audience: 7, watchedOn: ["a", "b"] }));
    await route.fulfill({ response, json: { rooms: placed, ...rest } });
  });
  const cells = (row) => row.getByRole("cell").allTextContents();
  const row = page.getByRole("row", { name: uuid });
  await row.getByRole("cell", { name: "7 on a, b" }).waitFor();
  assert.deepEqual((await cells(row)).slice(1, 4), ["b", "1", "7 on a, b"]);
  const shown = page.getByRole("table", { name: "Nodes" }).getByRole("row");
  assert.deepEqual(await cells(shown.nth(1)), ["a (this one)", "alive", "4", "1.2.3", "1 min ago", "a1"]);
  assert.deepEqual((await cells(shown.nth(2))).slice(0, 2), ["b", "gone"]);
  await page.getByText("1 of 2 nodes alive").waitFor();
  await choose(page, `Close room ${uuid}`);
  await page.getByRole("dialog").getByText("7 followers").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
});

scenario("rooms are sorted and found with the keyboard alone", {}, async (scene) => {
  const server = await start(scene);
  const uuids = [];
  for (const followers of [0, 2, 1]) {
    const presenter = await sdkPage(scene, server.url);
    uuids.push(await presenter.evaluate(openRoom, followers));
  }
  const page = await openAdmin(scene, server);
  await enter(page);
  const shows = (expected) =>
    page.waitForFunction(
      (expected) => [...document.querySelectorAll("#table tr")].map((row) => row.cells[0].textContent).join() === expected,
      expected.join(),
    );
  await shows([uuids[1], uuids[2], uuids[0]]);
  const room = page.getByRole("columnheader", { name: "Room" });
  assert.equal(await room.getAttribute("aria-sort"), "none");
  // After the token, the focus is at the beginning of the rooms. The search and the columns follow.
  for (let presses = 0; presses < 2; presses += 1) await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Room");
  await page.keyboard.press("Enter");
  await shows(uuids.toSorted());
  assert.equal(await room.getAttribute("aria-sort"), "ascending");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type(uuids[0].slice(0, 13));
  await shows([uuids[0]]);
  await page.getByRole("status").filter({ hasText: "1 room found" }).waitFor();
  assert.equal(await page.getByRole("searchbox", { name: "Search by uuid" }).inputValue(), uuids[0].slice(0, 13));
});

/** Chooses something that ends a room or connections, up to the question whether it is meant. */
async function choose(page, name) {
  await page.getByRole("button", { name }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel");
  return dialog;
}

scenario("it closes a room and disconnects an address, but not without a second word", {}, async (scene) => {
  const server = await start(scene);
  const presenter = await sdkPage(scene, server.url);
  const uuid = await presenter.evaluate(openRoom, 2);
  const page = await openAdmin(scene, server);
  await enter(page);
  const ends = () => presenter.evaluate(() => globalThis.ended);
  await presenter.evaluate(() => void (room.onclose = ({ code }) => (globalThis.ended = code)));

  const asked = await choose(page, `Close room ${uuid}`);
  await asked.getByText("2 followers").waitFor();
  await page.keyboard.press("Enter");
  await asked.waitFor({ state: "hidden" });
  await choose(page, `Close room ${uuid}`);
  await page.keyboard.press("Escape");
  await asked.waitFor({ state: "hidden" });
  await tile(page, "Rooms", /^1\s+of 10,000$/);
  assert.equal(await ends(), undefined, "nothing has ended yet");

  await choose(page, `Close room ${uuid}`);
  await page.getByRole("button", { name: "Close the room" }).click();
  await page.getByRole("status").filter({ hasText: `Room ${uuid} is closed.` }).waitFor();
  await tile(page, "Rooms", /^0\s+of 10,000$/);
  await presenter.waitForFunction(() => globalThis.ended !== undefined);

  // A room that is closed meanwhile is told, not closed twice.
  const other = await presenter.evaluate(openRoom, 0);
  const dialog = await choose(page, `Close room ${other}`);
  await presenter.evaluate(() => room.close());
  await page.getByRole("button", { name: "Close the room" }).click();
  await dialog.getByRole("alert").filter({ hasText: "no room with this uuid" }).waitFor();
  forgive(page, FAILED_REQUEST);
  await page.keyboard.press("Escape");

  await presenter.evaluate(openRoom, 1);
  await presenter.evaluate(() => void (room.onclose = ({ message }) => (globalThis.cut = message)));
  const address = page.getByRole("row", { name: "127.0.0.1" });
  await address.getByRole("cell", { name: "2", exact: true }).waitFor();
  await choose(page, "Disconnect 127.0.0.1");
  await page.getByRole("button", { name: "Disconnect the address" }).click();
  await page.getByRole("status").filter({ hasText: "2 connections of 127.0.0.1 ended." }).waitFor();
  await presenter.waitForFunction(() => globalThis.cut !== undefined);
  await page.getByText("No connection has a known address.").waitFor();
});

scenario("the token is asked for once, kept by the tab, and never in an address", {}, async (scene) => {
  const server = await start(scene);
  const page = await openAdmin(scene, server);
  const urls = [];
  page.on("request", (request) => urls.push(request.url()));
  await page.getByLabel("Admin token").fill("not-the-token-of-anybody");
  await page.getByRole("button", { name: "Show the server" }).click();
  await page.getByRole("alert").filter({ hasText: "admin-token" }).waitFor();
  await enter(page);
  forgive(page, FAILED_REQUEST);
  await page.reload();
  await page.getByRole("table", { name: "Rooms" }).waitFor();
  await page.getByRole("button", { name: "Forget the token" }).click();
  await page.getByLabel("Admin token").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length + document.cookie.length), 0);
  await page.reload();
  await page.getByLabel("Admin token").waitFor();
  assert.ok(urls.length > 4 && urls.every((url) => !url.includes("token-of")), urls.join());
  assert.ok(!page.url().includes("?"), page.url());
});

scenario("it fits a phone, and says when the server is gone", {}, async (scene) => {
  const server = await start(scene);
  const presenter = await sdkPage(scene, server.url);
  const uuid = await presenter.evaluate(openRoom, 1);
  const page = await openAdmin(scene, server, PHONE);
  await page.getByLabel("Admin token").waitFor();
  // A phone's browser makes room for what is too wide, so innerWidth would say nothing.
  const fits = async () => (await page.evaluate(() => document.scrollingElement.scrollWidth)) <= PHONE.viewport.width;
  assert.ok(await fits(), "the question for the token is too wide");
  await enter(page);
  await page.getByRole("row", { name: uuid }).waitFor();
  assert.ok(await fits(), "the page is too wide");
  await choose(page, `Close room ${uuid}`);
  assert.ok(await fits(), "the question is too wide");
  await page.getByRole("button", { name: "Cancel" }).click();
  await presenter.context().close();
  await server.kill();
  await page.getByRole("status").filter({ hasText: "doesn't answer" }).waitFor();
  forgive(page, FAILED_REQUEST);
});
