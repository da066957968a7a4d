/** The server is killed in the middle of a stroke. It stores its rooms, so the stroke goes on. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PHONE } from "./support/browser.mjs";
import { scenario } from "./support/scenario.mjs";

/** @returns {Promise<string>} a directory for the rooms, which ends with the scene */
async function data(scene) {
  const directory = await mkdtemp(join(tmpdir(), "rtbroadcaster-data-"));
  scene.onEnd(() => rm(directory, { recursive: true }));
  return directory;
}

scenario("a stroke goes on over a kill of the server, on all pages", { connectionsBreak: true }, async (scene) => {
  const directory = await data(scene);
  const options = ["--data", directory];
  const server = await scene.server({ options });
  const presenter = await scene.presenter(server.url);
  const link = await presenter.link();
  const followers = [await scene.follower(link), await scene.follower(link, PHONE)];
  for (const follower of followers) await follower.live();
  await presenter.press("ArrowRight");
  await presenter.take("pen");
  await presenter.point({ x: 0.2, y: 0.3 });
  await presenter.page.mouse.down();
  await presenter.point({ x: 0.4, y: 0.6 });
  const begun = await presenter.strokes();
  for (const follower of followers) await follower.sameStrokes(begun);

  await server.kill();
  await presenter.point({ x: 0.6, y: 0.3 });
  for (const page of [presenter, ...followers]) await page.status("reconnecting");
  await scene.server({ options, port: server.port });

  for (const follower of followers) await follower.live();
  await presenter.status("connected");
  await presenter.point({ x: 0.8, y: 0.6 });
  await presenter.page.mouse.up();
  const strokes = await presenter.strokes();
  for (const follower of followers) {
    await follower.slide(2);
    await follower.sameStrokes(strokes);
    // Who came back after the presenter was never told that it was away.
    await follower.has('#status:not([data-owner="away"])');
  }
  const late = await scene.follower(link);
  await late.slide(2);
  await late.sameStrokes(strokes);
});
