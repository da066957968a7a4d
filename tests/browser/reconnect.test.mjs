/** Connections break and servers restart, and the tour goes on or says why it does not. */

import { scenario } from "./support/scenario.mjs";

const BREAKS = { connectionsBreak: true };

scenario("a follower that was cut off catches up", BREAKS, async (scene) => {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url);
  const network = await scene.proxy(server);
  const follower = await scene.follower(await presenter.link(network.url));
  const other = await scene.follower(await presenter.link());
  await presenter.take("pen");
  await presenter.drag({ x: 0.2, y: 0.2 }, { x: 0.4, y: 0.8 });
  await follower.sameStrokes(await presenter.strokes());

  network.cut();
  await follower.status("reconnecting");
  await presenter.page.locator("#clear-drawing").click();
  await presenter.press("ArrowRight");
  await presenter.press("ArrowRight");
  await presenter.drag({ x: 0.6, y: 0.2 }, { x: 0.8, y: 0.8 });
  const strokes = await presenter.strokes();
  await other.slide(3);
  await other.sameStrokes(strokes);
  await follower.slide(1);

  network.restore();
  await follower.live();
  await follower.slide(3);
  await follower.sameStrokes(strokes);
  // Strokes that were erased in the meantime are gone here too.
  await presenter.press("Home");
  await follower.slide(1);
  await follower.sameStrokes([]);
});

scenario("a presenter that was cut off goes on, and its audience with it", BREAKS, async (scene) => {
  const server = await scene.server();
  const network = await scene.proxy(server);
  const presenter = await scene.presenter(network.url);
  const link = await presenter.link(server.url);
  const follower = await scene.follower(link);
  await follower.live();
  await presenter.point({ x: 0.5, y: 0.5 });
  await follower.laserAt({ x: 0.5, y: 0.5 });

  network.cut();
  await presenter.status("reconnecting");
  await follower.owner("away");
  // The laser of an absent presenter is off.
  await follower.noLaser();
  await presenter.press("ArrowRight");
  await presenter.press("ArrowRight");
  await presenter.press("p");
  await presenter.drag({ x: 0.2, y: 0.2 }, { x: 0.8, y: 0.8 });
  await follower.slide(1);
  const late = await scene.follower(link);
  await late.owner("away");

  network.restore();
  await presenter.status("connected");
  const strokes = await presenter.strokes();
  for (const page of [follower, late]) {
    await page.owner("here");
    await page.slide(3);
    await page.sameStrokes(strokes);
  }
});

scenario("a connection that died without a word is noticed", BREAKS, async (scene) => {
  const server = await scene.server({ options: ["--heartbeat-ms", "200"] });
  const presenter = await scene.presenter(server.url);
  const network = await scene.proxy(server);
  const follower = await scene.follower(await presenter.link(network.url));
  await follower.live();

  // As in a tunnel: nothing is closed and nothing arrives. New connections work again.
  network.swallow();
  await presenter.next();
  await follower.slide(2);
  await follower.live();
});

scenario("pages outlive their server, and end when it has forgotten the room", BREAKS, async (scene) => {
  const server = await scene.server();
  const presenter = await scene.presenter(server.url);
  const follower = await scene.follower(await presenter.link());
  await follower.live();

  await server.kill();
  await presenter.status("reconnecting");
  await follower.status("reconnecting");

  await scene.server({ port: server.port });
  await presenter.ended("unknown_room");
  await follower.ended("unknown_room");
  await follower.page.getByRole("dialog", { name: "The room is gone" }).waitFor();

  // Continues as the page offers.
  await presenter.page.locator("#ending").getByRole("button", { name: "Start a new room" }).click();
  await presenter.ready();
  const next = await scene.follower(await presenter.link());
  await next.live();
});
