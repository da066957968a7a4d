// Asks the server every two seconds how it is, and shows it. Ends rooms and connections, after it
// has asked once more. The token is kept for this tab only, and goes into a header only.

import { bytes, count, duration, people } from "./format.js";

const PAUSE_MS = 2_000;
/** Points of a curve: two minutes. */
const POINTS = 60;
/** Rooms that are shown; to find others there is the search. */
const ROOMS = 100;
/** Addresses that are shown, those with the most connections. */
const ADDRESSES = 20;
const KEY = "rtbroadcaster-admin-token";

const element = (id) => document.getElementById(id);

const rates = new Map([...document.querySelectorAll("[data-rate]")].map((tile) => [tile.dataset.rate, new Rate(tile)]));
let sort = "followers";
let before;
let timer;
/** Only the newest question is answered on the page. */
let asked = 0;
/** What the dialog asks about, while it is open. */
let ending;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function get(path, method = "GET") {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEY)}` };
  const response = await fetch(path, { method, headers, cache: "no-store", redirect: "error" });
  const body = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Refused(response.status, body.error.message);
  return body;
}

/** Asks, shows, and asks again later. */
async function look() {
  clearTimeout(timer);
  if (!sessionStorage.getItem(KEY)) return askForToken("");
  const question = ++asked;
  const query = new URLSearchParams({ limit: ROOMS, sort, search: element("search").value.trim() });
  try {
    const questions = ["status", "nodes", `rooms?${query}`, `connections?limit=${ADDRESSES}`];
    const [status, nodes, page, connections] = await Promise.all(questions.map((path) => get(path)));
    if (question !== asked) return;
    enter();
    showStatus(status);
    showNodes(nodes);
    showRooms(page);
    showAddresses(connections);
  } catch (error) {
    if (question !== asked) return;
    if (error instanceof Refused && [401, 429].includes(error.status)) return askForToken(error.message);
    const since = error instanceof Refused ? error.message : "The server doesn't answer; trying again.";
    say("lost", since);
  }
  // Nobody looks at a tab that is hidden.
  if (!document.hidden) timer = setTimeout(look, PAUSE_MS);
}

function enter() {
  if (!element("shown").hidden) return;
  const hadFocus = element("login").contains(document.activeElement);
  element("login").hidden = true;
  element("shown").hidden = element("leave").hidden = element("server").hidden = false;
  if (hadFocus) element("shown").focus();
}

function askForToken(problem) {
  sessionStorage.removeItem(KEY);
  asked += 1;
  element("confirm").close();
  before = undefined;
  element("shown").hidden = element("leave").hidden = element("server").hidden = true;
  say("", "");
  element("login").hidden = false;
  element("problem").textContent = problem;
  element("token").value = "";
  element("token").focus();
}

/** Says how things stand, once: a screen reader need not repeat it every two seconds. */
function say(state, text) {
  const status = element("state");
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

function set(id, text) {
  element(id).textContent = text;
}

function showStatus({ version, uptimeMs, isShuttingDown, connections, rooms, memory, now, total }) {
  set("server", `version ${version}, started ${duration(uptimeMs / 1_000)} ago`);
  if (isShuttingDown) say("ending", "Shutting down");
  else say("live", "Live");
  for (const [name, { open, limit }] of Object.entries({ connections, rooms })) {
    set(name, count(open));
    set(`${name}-limit`, count(limit));
    mark(element(name).closest("div"), open > 0.8 * limit);
  }
  set("followers", count(now.followers));
  const lag = now.lagging ? `${count(now.lagging)} behind, by up to ${count(now.lagGreatest)}` : "none behind";
  set("lagging", lag);
  mark(element("followers").closest("div"), now.lagging > 0.1 * now.followers);
  set("owners-away", count(now.ownersAway));
  set("memory", bytes(memory.usedBytes));
  set("memory-limit", bytes(memory.limitBytes));
  mark(element("memory").closest("div"), memory.usedBytes > 0.7 * memory.limitBytes);
  set("slots", count(now.slots));
  set("slot-bytes", bytes(now.slotBytes));
  // A server that was started anew counts from zero.
  const past = before?.uptimeMs < uptimeMs ? before : undefined;
  for (const [name, rate] of rates) {
    rate.show(total[name], past && ((total[name] - past.total[name]) * 1_000) / (uptimeMs - past.uptimeMs));
  }
  before = { uptimeMs, total };
}

/** The nodes of a cluster. A server alone has none, and then nothing shows of a cluster. */
function showNodes({ nodes }) {
  element("shown").classList.toggle("clustered", nodes.length > 0);
  const alive = nodes.filter(({ isAlive }) => isAlive).length;
  const found = alive < nodes.length ? `${count(alive)} of ${people(nodes.length, "node")} alive` : people(alive, "node");
  if (element("nodes-found").textContent !== found) set("nodes-found", found);
  fill(element("nodes"), nodes, showNode);
}

function showNode(row, { name, isThis, isAlive, version, rooms, heardMs, id }) {
  const heard = `${duration(heardMs / 1_000)} ago`;
  write(row, [isThis ? `${name} (this one)` : name, isAlive ? "alive" : "gone", count(rooms), version, heard, id]);
  mark(row.cells[1], !isAlive);
}

function showRooms({ rooms, total }) {
  const searched = element("search").value.trim() !== "";
  const shown = rooms.length < total ? `the first ${count(rooms.length)} of ` : "";
  const found = `${shown}${count(total)} ${total === 1 ? "room" : "rooms"}${searched ? " found" : ""}`;
  if (element("found").textContent !== found) set("found", found);
  element("none").hidden = rooms.length > 0;
  set("none", searched ? "No room with this in its uuid, or with this code, is open." : "No room is open.");
  fill(element("table"), rooms, showRoom);
}

function showAddresses({ addresses, total }) {
  const shown = addresses.length < total ? `the first ${count(addresses.length)} of ` : "";
  const found = `${shown}${count(total)} ${total === 1 ? "address" : "addresses"}`;
  if (element("addresses-found").textContent !== found) set("addresses-found", found);
  element("no-address").hidden = addresses.length > 0;
  fill(element("addresses"), addresses, showAddress);
}

/** Rows are filled anew, not replaced: a uuid that is selected in one can still be copied. */
function fill(table, entries, show) {
  while (table.rows.length > entries.length) table.deleteRow(-1);
  for (const [index, entry] of entries.entries()) show(table.rows[index] ?? newRow(table), entry);
}

/** Nothing while it is the creator. */
function whoDrives({ seat, name }) {
  return seat ? `: ${name ?? `seat ${seat}`} drives` : "";
}

function showRoom(row, room) {
  const memory = room.ringBytes + room.slotBytes + room.snapshotBytes;
  const texts = [
    room.code ? `${room.id} (${room.code})` : room.id,
    // In a cluster: the node that has the owner's connection.
    (room.ownerNode ?? room.owner) + whoDrives(room.driver),
    room.named ? `${count(room.followers)} (${count(room.named)} named)` : count(room.followers),
    room.watchedOn?.length ? `${count(room.audience)} on ${room.watchedOn.join(", ")}` : "nobody",
    count(room.lagGreatest),
    count(room.seq),
    count(room.slots),
    bytes(memory),
    duration(room.ageSeconds),
  ];
  write(row, texts);
  mark(row.cells[1], room.owner === "away");
  mark(row.cells[4], room.lagGreatest > 0);
  offer(row, "Close", `Close room ${room.id}`, {
    path: `rooms/${room.id}`,
    question: `Close room ${room.id}?`,
    consequence: `Its owner and ${people(room.audience ?? room.followers, "follower")} are told and disconnected, and what it retains is lost.`,
    verb: "Close the room",
    done: () => `Room ${room.id} is closed.`,
  });
}

function showAddress(row, { address, connections }) {
  write(row, [address, count(connections)]);
  offer(row, "Disconnect", `Disconnect ${address}`, {
    path: `connections/${encodeURIComponent(address)}`,
    question: `Disconnect ${address}?`,
    consequence: `${people(connections, "connection")} from there end, and the clients are told not to come back. Everybody behind one proxy or router has one address.`,
    verb: "Disconnect the address",
    done: ({ disconnected }) => `${people(disconnected, "connection")} of ${address} ended.`,
  });
}

function write({ cells }, texts) {
  for (const [index, text] of texts.entries()) {
    if (cells[index].textContent !== text) cells[index].textContent = text;
  }
}

/** The row's last cell gets a button that asks whether to do this. */
function offer(row, label, name, deed) {
  const button = row.querySelector("button") ?? row.insertCell().appendChild(document.createElement("button"));
  button.type = "button";
  button.textContent = label;
  button.setAttribute("aria-label", name);
  button.onclick = () => confirm(deed);
}

function newRow(table) {
  const row = table.insertRow();
  for (const head of table.parentElement.querySelectorAll("thead th")) {
    row.insertCell().className = head.className;
  }
  return row;
}

/** Asks once more before something ends. The choice that changes nothing has the focus. */
function confirm(deed) {
  ending = deed;
  set("question", deed.question);
  set("consequence", deed.consequence);
  set("failure", "");
  set("carry-out", deed.verb);
  element("carry-out").disabled = false;
  element("confirm").showModal();
  element("cancel").focus();
}

async function carryOut() {
  const deed = ending;
  // A second click must not do it twice.
  element("carry-out").disabled = true;
  try {
    const answer = await get(deed.path, "DELETE");
    set("done", deed.done(answer));
    element("confirm").close();
    look();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return askForToken(error.message);
    set("failure", error instanceof Refused ? error.message : "The server doesn't answer.");
    element("carry-out").disabled = false;
  }
}

/** A number per second, and its curve. */
function Rate(tile) {
  const [value, sum] = tile.querySelectorAll("b, span");
  const inBytes = tile.dataset.rate.endsWith("Bytes");
  const text = inBytes ? bytes : count;
  tile.append(element("curve").content.cloneNode(true));
  const [curve, line] = tile.querySelectorAll("svg, polyline");
  curve.setAttribute("viewBox", `0 0 ${POINTS - 1} 36`);
  const past = [];
  this.show = (total, rate) => {
    sum.textContent = `${text(total)} in all`;
    value.textContent = rate === undefined ? "–" : text(rate);
    if (rate === undefined) return;
    past.push(rate);
    if (past.length > POINTS) past.shift();
    const most = Math.max(...past, 1);
    const start = POINTS - past.length;
    line.setAttribute("points", past.map((rate, at) => `${start + at},${34 - (32 * rate) / most}`).join(" "));
  };
}

function mark(cell, isBad) {
  cell.classList.toggle("bad", isBad);
}

element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, element("token").value.trim());
  look();
});
element("leave").addEventListener("click", () => askForToken(""));
element("search").addEventListener("input", look);
element("cancel").addEventListener("click", () => element("confirm").close());
element("carry-out").addEventListener("click", carryOut);
element("table").parentElement.tHead.addEventListener("click", ({ target }) => {
  if (!target.dataset.sort) return;
  sort = target.dataset.sort;
  for (const head of document.querySelectorAll("th[aria-sort]")) head.setAttribute("aria-sort", "none");
  target.closest("th").setAttribute("aria-sort", sort === "id" ? "ascending" : "descending");
  look();
});
document.addEventListener("visibilitychange", () => document.hidden || look());
look();
