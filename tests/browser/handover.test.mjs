/** The right to write passes from page to page, and every page knows who has it. */

import assert from "node:assert/strict";

import { exampleSite, shows as showsSlide } from "./support/example.mjs";
import { scenario } from "./support/scenario.mjs";
import { loadSdk, sdkPage } from "./support/sdk.mjs";

const BREAKS = { connectionsBreak: true };
/** Polls by the clock, because pages in the background get no animation frames. */
const POLL = { polling: 20 };

/** Opens a room, or enters one, and notes what the page is told. */
async function enter({ uuid, isOverHttp, ...more }) {
  globalThis.shown = [];
  globalThis.told = [];
  globalThis.requests = [];
  const options = {
    ...more,
    functions: { show: (text) => shown.push(text), plain: (text) => shown.push(text) },
    onowner: (presence, driver) => told.push([presence, driver.seat, room.isOwner]),
    onrequest: (request) => requests.push(request),
    onclose: ({ code }) => told.push(code),
  };
  if (isOverHttp) options.WebSocket = (await import("/rtbroadcaster/fetch-socket.js")).FetchSocket;
  globalThis.room = await (uuid ? sdk.join(url, uuid, options) : sdk.create(url, options));
  return room.uuid;
}

async function enterIn(scene, address, options) {
  const page = await sdkPage(scene, address);
  await page.evaluate(enter, options);
  return page;
}

/** A room with its creator and a presenter, who is invited and only follows. */
async function openRoom(scene, { creators, presenters }, isOverHttp) {
  const creator = await sdkPage(scene, creators);
  const uuid = await creator.evaluate(enter, { isOverHttp });
  const { secret, seat } = await creator.evaluate(() => room.invite({ name: "Ana" }));
  const presenter = await enterIn(scene, presenters, { uuid, invite: secret, isOverHttp });
  return { creator, presenter, uuid, secret, seat };
}

const drives = (page, is = true) => page.waitForFunction((is) => room.isOwner === is, is, POLL);
const shows = (page, texts) =>
  page.waitForFunction((texts) => JSON.stringify(shown) === texts, JSON.stringify(texts), POLL);
const knowsDriver = (page, seat) => page.waitForFunction((seat) => room.driver.seat === seat, seat, POLL);
const show = (page, text) =>
  page.evaluate((text) => room.broadcast("show", [text], { state: true }).catch(({ code }) => code), text);

for (const isOverHttp of [false, true]) {
  const way = isOverHttp ? "over plain HTTP" : "over a websocket";

  scenario(`an invited page drives, and the creator takes the pen back, ${way}`, BREAKS, async (scene) => {
    const { url } = await scene.server();
    const { creator, presenter, uuid, seat } = await openRoom(scene, { creators: url, presenters: url }, isOverHttp);
    const follower = await enterIn(scene, url, { uuid, isOverHttp });
    assert.deepEqual(await presenter.evaluate(() => [room.role, room.seat, room.isOwner]), ["presenter", seat, false]);
    assert.equal(await show(presenter, "too early"), "not_owner");

    const outcomes = await creator.evaluate(async (seat) => {
      const before = [room.broadcast("show", ["1"], { state: true }), room.broadcast("plain", ["2"])];
      const passed = room.handOver(seat);
      const seqs = await Promise.all([...before, passed]);
      const late = await room.broadcast("plain", ["late"]).catch(({ code }) => code);
      return [...seqs, late];
    }, seat);
    assert.deepEqual(outcomes, [1, 2, 3, "not_owner"]);
    await drives(presenter);
    assert.equal(await show(presenter, "3"), 4);
    await shows(follower, ["1", "2", "3"]);
    await shows(creator, ["3"]);
    await shows(presenter, ["1", "2"]);
    const driver = { seat, name: "Ana", role: "presenter" };
    const late = await enterIn(scene, url, { uuid, isOverHttp });
    for (const page of [creator, presenter, follower, late]) {
      await knowsDriver(page, seat);
      assert.deepEqual(await page.evaluate(() => room.driver), driver);
    }
    const refused = await presenter.evaluate(() => {
      try {
        room.detach();
      } catch ({ code }) {
        return code;
      }
    });
    assert.equal(refused, "not_follower");

    const [seq, isOwner] = await creator.evaluate(async () => [await room.takeBack(), room.isOwner]);
    assert.deepEqual([seq, isOwner], [5, true]);
    await drives(presenter, false);
    assert.equal(await show(presenter, "too late"), "not_owner");
    assert.equal(await show(creator, "6"), 6);
    for (const page of [follower, late]) await knowsDriver(page, 0);
    await shows(follower, ["1", "2", "3", "6"]);
    await shows(presenter, ["1", "2", "6"]);
    const ofPresenter = await presenter.evaluate(() => told);
    assert.deepEqual(ofPresenter.filter(([presence]) => presence === "here").slice(-2), [["here", seat, true], ["here", 0, false]]);
    assert.deepEqual(await creator.evaluate(() => [room.role, room.seat, room.driver]), ["creator", 0, { seat: 0, role: "creator" }]);
  });

  scenario(`a page asks for the pen, and is given it or refused it, ${way}`, BREAKS, async (scene) => {
    const { url } = await scene.server();
    const creator = await sdkPage(scene, url);
    const uuid = await creator.evaluate(enter, { isOverHttp });
    const [wins, loses] = [await enterIn(scene, url, { uuid, isOverHttp }), await enterIn(scene, url, { uuid, isOverHttp })];
    const ask = (page, name) => page.evaluate(async (name) => [await room.requestControl({ name }), room.isOwner, room.role], name);
    const answer = (page, name, how) =>
      page
        .waitForFunction((name) => requests.find((request) => request.name === name), name, POLL)
        .then(() => page.evaluate(([name, how]) => requests.find((request) => request.name === name)[how](), [name, how]));
    // Over plain HTTP nobody is told of a refusal, and the request ends after a minute.
    if (!isOverHttp) {
      const refused = ask(loses, "Ben");
      await answer(creator, "Ben", "refuse");
      assert.deepEqual(await refused, [false, false, "follower"]);
    }
    const granted = ask(wins, "Carl");
    await answer(creator, "Carl", "accept");
    assert.deepEqual(await granted, [true, true, "presenter"]);
    assert.deepEqual(await ask(wins, "Carl"), [true, true, "presenter"]);
    assert.equal(await show(wins, "hello"), 2);
    await shows(loses, ["hello"]);
    const { name, role } = await creator.evaluate(() => room.driver);
    assert.deepEqual([name, role], ["Carl", "presenter"]);

    // Whoever drives is asked too, and can give the pen on.
    const third = await enterIn(scene, url, { uuid, isOverHttp });
    const onward = ask(third, "Dora");
    await answer(wins, "Dora", "accept");
    assert.deepEqual(await onward, [true, true, "presenter"]);
    await drives(wins, false);
  });

  scenario(`a driver that is loaded anew drives again, and steals nothing when it doesn't, ${way}`, BREAKS, async (scene) => {
    const { url } = await scene.server();
    const { creator, presenter, uuid, secret, seat } = await openRoom(scene, { creators: url, presenters: url }, isOverHttp);
    await creator.evaluate((seat) => room.handOver(seat), seat);
    await drives(presenter);
    await show(presenter, "mine");
    const reload = async (page, options) => {
      await page.reload();
      await loadSdk(page);
      await page.evaluate(enter, { ...options, isOverHttp });
    };
    await reload(presenter, { uuid, invite: secret });
    await drives(presenter);
    assert.deepEqual(await presenter.evaluate(() => [room.seat, room.role]), [seat, "presenter"]);
    assert.equal(await show(presenter, "again"), 3);

    const ownerKey = await creator.evaluate(() => room.ownerKey);
    await reload(creator, { claim: { uuid, ownerKey } });
    await knowsDriver(creator, seat);
    assert.deepEqual(await creator.evaluate(() => [room.isOwner, room.role, shown]), [false, "creator", ["again"]]);
    assert.equal(await show(presenter, "still mine"), 4);
    await creator.evaluate(() => room.takeBack());
    await drives(presenter, false);
    await reload(creator, { claim: { uuid, ownerKey } });
    await drives(creator);
    assert.equal(await show(creator, "back"), 6);
  });

  scenario(`a key that was revoked is worth nothing, ${way}`, BREAKS, async (scene) => {
    const { url } = await scene.server();
    const { creator, presenter, uuid, secret, seat } = await openRoom(scene, { creators: url, presenters: url }, isOverHttp);
    await creator.evaluate((seat) => room.handOver(seat), seat);
    await drives(presenter);
    await creator.evaluate((seat) => room.revoke(seat), seat);
    await drives(creator);
    await drives(presenter, false);
    await presenter.waitForFunction(() => room.role === "follower", undefined, POLL);
    assert.equal(await show(presenter, "too late"), "not_owner");
    await show(creator, "on");
    await shows(presenter, ["on"]);
    const options = { uuid, invite: secret, isOverHttp };
    const refused = await sdkPage(scene, url);
    assert.match(await refused.evaluate(enter, options).catch(String), /key/);
    assert.deepEqual(await presenter.evaluate(() => told.filter((entry) => typeof entry === "string")), []);
  });
}

/** Broadcasts texts and passes the pen in one go. Returns them, and the answers to all of it. */
async function broadcastAndPass({ name, to }) {
  const texts = Array.from({ length: 20 }, (_, index) => `${name}${index}`);
  const codeOf = ({ code }) => code;
  const answers = texts.map((text) => room.broadcast("plain", [text]).catch(codeOf));
  const passed = await (to ? room.handOver(to).catch(codeOf) : undefined);
  return { texts, answers: await Promise.all(answers), passed };
}

scenario("connections that are lost while the pen passes lose no action and no answer", BREAKS, async (scene) => {
  const server = await scene.server();
  const [creators, presenters] = [await scene.proxy(server), await scene.proxy(server)];
  const { creator, presenter, uuid, seat } = await openRoom(scene, { creators: creators.url, presenters: presenters.url });
  const follower = await enterIn(scene, server.url, { uuid });
  const expected = [];
  const cutSoon = (network) => setTimeout(() => (network.cut(), network.restore()), 2);
  for (let turn = 0; turn < 3; turn += 1) {
    if (turn < 2) cutSoon([creators, presenters][turn]);
    const { texts, answers, passed } = await creator.evaluate(broadcastAndPass, { name: `${turn} creator `, to: seat });
    expected.push(...texts);
    // Nobody gets the pen who isn't there.
    if (passed === "not_in_room") {
      await presenter.waitForFunction(() => room.connected, undefined, POLL);
      continue;
    }
    assert.ok(answers.every((seq) => seq < passed), `${answers} before ${passed}`);
    await drives(presenter);
    if (turn === 1) cutSoon(presenters);
    const said = await presenter.evaluate(broadcastAndPass, { name: `${turn} presenter ` });
    expected.push(...said.texts);
    assert.ok(said.answers.every((seq) => seq > passed), `${said.answers} after ${passed}`);
    if (turn === 2) cutSoon(creators);
    assert.equal(await creator.evaluate(async () => (await room.takeBack()) > 0 && room.isOwner), true);
  }
  await shows(follower, expected);
});

scenario("the example hands over to its guest and takes back", {}, async (scene) => {
  const { url } = await scene.server({ site: await exampleSite(scene, "Handing over") });
  const creator = await scene.open(`${url}example.html`);
  await creator.locator("#present").click();
  const link = creator.locator("a[href]");
  await link.waitFor({ state: "attached" });
  const { hash } = new URL(await link.evaluate(({ href }) => href));
  const guest = await scene.open(`${url}example.html${hash}`);
  const turn = async (page, slide) => {
    await page.locator("#next").click();
    for (const each of [creator, guest]) await showsSlide(each, slide);
  };
  await turn(creator, 2);
  // The example doesn't show who drives.
  const passes = (button) => creator.locator(button).click().then(() => creator.waitForTimeout(1_500));
  await passes("#hand");
  await turn(guest, 3);
  await passes("#back");
  await turn(creator, 4);
});

scenario("a page that has let itself go follows again when it gets the pen", {}, async (scene) => {
  const { url } = await scene.server();
  const { creator, presenter, seat } = await openRoom(scene, { creators: url, presenters: url });
  await presenter.evaluate(() => room.detach());
  await show(creator, "missed");
  await presenter.waitForFunction(() => room.behind === 1, undefined, POLL);
  await creator.evaluate((seat) => room.handOver(seat), seat);
  await drives(presenter);
  assert.deepEqual(await presenter.evaluate(() => [room.detached, shown]), [false, ["missed"]]);
});
