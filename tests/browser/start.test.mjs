/** The start page: the ways into a room, and plain words where there is none. */

import assert from "node:assert/strict";

import { Follower } from "./support/follower.mjs";
import { scenario } from "./support/scenario.mjs";

const NOBODYS = "00000000-0000-4000-8000-000000000000";

async function follow(scene, server, text) {
  const page = await scene.open(server.url);
  await page.locator("#room").fill(text);
  await page.locator("#join-room").click();
  return page;
}

scenario("a room is followed by its link, and by its bare id", {}, async (scene) => {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url);
  await presenter.next();
  const link = await presenter.link();
  const uuid = new URL(link).hash.slice(1);
  for (const text of [link, uuid, ` ${uuid.toUpperCase()} `]) {
    const follower = new Follower(await follow(scene, server, text));
    await follower.live();
    await follower.slide(2);
  }
});

scenario("what is no room id is told at once", {}, async (scene) => {
  const server = await scene.server();
  const page = await follow(scene, server, "my room");
  await page.getByText("There is no room id in this.").waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
  await page.locator("#room").fill("other");
  assert.equal(await page.locator("#join-hint").textContent(), "");
});

scenario("a room that isn't there is told in plain words", {}, async (scene) => {
  const server = await scene.server();
  const follower = new Follower(await follow(scene, server, NOBODYS));
  await follower.ended("unknown_room");
  await follower.page.getByRole("heading", { name: "This room isn’t there" }).waitFor();
  await follower.page.getByRole("link", { name: "Go to the start page" }).click();
  await follower.page.locator("#start-room").waitFor();
});

scenario("an address without a room asks which", {}, async (scene) => {
  const server = await scene.server();
  const follower = await scene.follower(new URL("follow.html", server.url).href);
  await follower.ended("no_room");
});

scenario("the start page leads back to the room that its tab presents", {}, async (scene) => {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url);
  const link = await presenter.link();
  await presenter.next();
  await presenter.page.locator(".brand").click();
  await presenter.page.locator("#return").click();
  await presenter.ready();
  assert.equal(await presenter.link(), link);
  await presenter.slide(2);
});
