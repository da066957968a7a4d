/**
 * The part of the benchmark that runs in a page, as the global `bench`. It times our SDK beside a
 * class that is written by hand for the same frames (hand-written.js), and beside the original's
 * class (../browser/original/client.js), each with the frames that a real server sent to it. The
 * socket is only a variable, so that nothing but the two is timed.
 */

const ACTIONS = {
  call: { functionKey: "CameraRot", params: ["12.4375", "-3.0625", "0.70710678"], state: false },
  state: { functionKey: "goToSlide", params: ["17", "fade", "250"], state: true },
};

/** A socket that sends nothing, and receives as much as the benchmark wants. */
class Replay {
  static last;
  bufferedAmount = 0;

  constructor() {
    Replay.last = this;
  }

  send(frame) {
    this.frame = frame;
    // A server confirms that a client closes its room or leaves it.
    if (frame.includes('"status":{"value":4')) setTimeout(() => this.onmessage?.({ data: '{"status":{"value":0}}' }));
  }

  close() {}
}

let sdk;
/** For each kind of action: the message of a follower with session fields, and of one without. */
const lines = {};
/** The compact reply to a join, and the end of the snapshot. */
let entry;
let uuid;
let calls = 0;
let expected = 0;

/** Records what a real server sends to either kind of follower. */
async function record(url) {
  sdk = await import("/rtbroadcaster/index.js");
  const room = await sdk.create(url);
  uuid = room.uuid;
  const [compact, original] = [await follow(url, { v: 2 }), await follow(url, {})];
  entry = [await compact.next(), await compact.next()];
  await original.next();
  for (const [kind, { functionKey, params, state }] of Object.entries(ACTIONS)) {
    await room.broadcast(functionKey, params, { state });
    lines[kind] = { ours: await compact.next(), original: await original.next() };
  }
  await room.close();
  return lines;
}

/** A follower without any SDK; `next` returns its next message. */
async function follow(url, sessionFields) {
  const socket = new WebSocket(url);
  const told = [];
  const waiting = [];
  socket.onmessage = ({ data }) => {
    for (const line of data.split("\n")) waiting.length ? waiting.shift()(line) : told.push(line);
  };
  await new Promise((resolve) => (socket.onopen = resolve));
  socket.send(JSON.stringify({ uuid, status: { value: 2 }, ...sessionFields }));
  return { next: () => told.shift() ?? new Promise((resolve) => waiting.push(resolve)) };
}

const nextTask = () => new Promise((resolve) => setTimeout(resolve));

/** A follower of our SDK that has entered. `receive` takes what `frames` makes. */
async function ours() {
  const functions = {};
  for (const { functionKey } of Object.values(ACTIONS)) functions[functionKey] = (first) => first && calls++;
  const joined = sdk.join("wss://replayed.invalid/", uuid, { WebSocket: Replay, functions });
  await sdk.init();
  await nextTask();
  const socket = Replay.last;
  socket.onopen();
  let seq = 0;
  for (const line of entry) socket.onmessage({ data: line.replace(/"(seq|synced)":\d+/, '"$1":0') });
  const room = await joined;
  await nextTask();
  return {
    close: () => room.close(),
    receive: (event) => socket.onmessage(event),
    // A session delivers no seq twice.
    line: (kind) => lines[kind].ours.replace(/"seq":\d+/, `"seq":${++seq}`),
  };
}

/** The same with the original's class. */
function original() {
  const client = withReplay(() => new RTBroadcaster("wss://replayed.invalid/", () => {}, () => {}, () => {}, () => {}));
  const socket = Replay.last;
  for (const { functionKey } of Object.values(ACTIONS)) {
    client.suscribeFunc(functionKey, (params) => params[0] && calls++);
  }
  socket.onopen();
  socket.onmessage({ data: lines.call.original });
  calls = 0;
  return { receive: (event) => socket.onmessage(event), line: (kind) => lines[kind].original };
}

/** The same with a class written by hand, which gets the same frames as our SDK. */
function handWritten() {
  const socket = new Replay();
  const client = new HandWritten(socket);
  for (const { functionKey } of Object.values(ACTIONS)) client.functions.set(functionKey, (first) => first && calls++);
  let seq = 0;
  return {
    receive: (event) => socket.onmessage(event),
    line: (kind) => lines[kind].ours.replace(/"seq":\d+/, `"seq":${++seq}`),
  };
}

function withReplay(make) {
  const real = window.WebSocket;
  window.WebSocket = Replay;
  try {
    return make();
  } finally {
    window.WebSocket = real;
  }
}

/** Frames of `batch` messages each, as a socket delivers them. */
function frames({ line }, kind, messages, batch) {
  const made = [];
  for (let left = messages; left > 0; left -= batch) {
    const data = Array.from({ length: batch }, () => line(kind)).join("\n");
    made.push(new MessageEvent("message", { data }));
  }
  return made;
}

/** Nanoseconds a message. */
function timed({ receive }, made, messages) {
  calls = 0;
  const start = performance.now();
  for (const frame of made) receive(frame);
  const ns = ((performance.now() - start) * 1e6) / messages;
  expected = messages;
  if (calls !== expected) throw new Error(`${calls} of ${expected} functions were called`);
  return ns;
}

/**
 * Nanoseconds a message, ours and the other class's, in turn. As many rounds before do not count.
 */
async function receiving({ kind, batch, beside }, messages, rounds) {
  const [our, their] = [await ours(), beside === "original" ? original() : handWritten()];
  const results = [];
  for (let round = 0; round < 2 * rounds; round++) {
    const made = [frames(our, kind, messages, batch), frames(their, kind, messages, batch)];
    // The order changes, so that the garbage of one does not always slow the other.
    const turns = round % 2 ? [0, 1] : [1, 0];
    const pair = [];
    for (const turn of turns) pair[turn] = timed([our, their][turn], made[turn], messages);
    if (round >= rounds) results.push(pair);
    await nextTask();
  }
  return results;
}

/** An owner of our SDK that has entered; `settle` answers all that it has sent. */
async function owner() {
  const created = sdk.create("wss://replayed.invalid/", { WebSocket: Replay });
  await nextTask();
  const socket = Replay.last;
  socket.onopen();
  const reply = { ...JSON.parse(entry[0]), seq: 0, ownerKey: "replayed", epoch: 1, ack: 0 };
  socket.onmessage({ data: JSON.stringify(reply) });
  const room = await created;
  await nextTask();
  let sent = 0;
  return {
    send({ functionKey, params, state }) {
      sent++;
      return room.broadcast(functionKey, params, { state });
    },
    settle: (event = answer(sent)) => socket.onmessage(event),
    sent: () => sent,
  };
}

/** The answer to all actions up to this id, as a socket delivers it. */
const answer = (id) => new MessageEvent("message", { data: `{"ack":${id},"seq":${id}}` });

/** The same with a class written by hand, which gives no promises unless they are asked for. */
function handWrittenOwner(isAnswered) {
  const socket = new Replay();
  const client = new HandWritten(socket);
  let sent = 0;
  return {
    send({ functionKey, params, state }) {
      sent++;
      if (isAnswered) return client.broadcastAnswered(functionKey, params, { state });
      client.broadcast(functionKey, params, { state });
    },
    settle: (event = answer(sent)) => socket.onmessage(event),
    sent: () => sent,
  };
}

/** The same with the original's class, which gets no answers. */
function originalOwner() {
  const client = withReplay(() => new RTBroadcaster("wss://replayed.invalid/", () => {}, () => {}, () => {}, () => {}));
  Replay.last.onopen();
  client.uuid = uuid;
  return { send: ({ functionKey, params, state }) => client.sendAction(functionKey, params, state), settle() {} };
}

/** An owner of our SDK over a real socket to a real server; `settle` waits for its answers. */
async function connectedOwner(url) {
  const room = await sdk.create(url);
  let answers = [];
  return {
    send: ({ functionKey, params, state }) => void answers.push(room.broadcast(functionKey, params, { state })),
    async settle() {
      await Promise.all(answers);
      answers = [];
    },
    close: () => room.close(),
  };
}

/** The same with the original's class; `settle` waits until everything is sent. */
async function connectedOriginalOwner(url) {
  const RealWebSocket = window.WebSocket;
  let socket;
  window.WebSocket = function (address) {
    return (socket = new RealWebSocket(address));
  };
  const client = await new Promise((resolve) => {
    const client = new RTBroadcaster(url, () => resolve(client), () => {}, () => {}, () => {});
  });
  window.WebSocket = RealWebSocket;
  return {
    send: ({ functionKey, params, state }) => client.sendAction(functionKey, params, state),
    async settle() {
      while (socket.bufferedAmount > 0) await nextTask();
    },
    close: () => socket.close(),
  };
}

async function owners({ beside, isAnswered, url }) {
  if (url) return [await connectedOwner(url), await connectedOriginalOwner(url)];
  return [await owner(), beside === "original" ? originalOwner() : handWrittenOwner(isAnswered)];
}

/**
 * As `receiving`, with `batch` calls of `broadcast` in each task, until the socket has them. If
 * they are answered, until the page has the answers, a frame of them a task. With a server's
 * address the socket is a real one.
 */
async function broadcasting(measured, messages, rounds) {
  const { kind, batch, isAnswered } = measured;
  const sides = await owners(measured);
  const results = [];
  for (let round = 0; round < 2 * rounds; round++) {
    const turns = round % 2 ? [0, 1] : [1, 0];
    const pair = [];
    const time = isAnswered ? timedAnswers : timedBroadcasts;
    for (const turn of turns) pair[turn] = await time(sides[turn], ACTIONS[kind], batch, messages);
    if (round >= rounds) results.push(pair);
    await nextTask();
  }
  for (const side of sides) await side.close?.();
  return results;
}

async function timedBroadcasts({ send, settle }, action, batch, messages) {
  let ms = 0;
  for (let left = messages; left > 0; ) {
    // As many as fit into a session's queue. Their answers are not timed: the original gets none.
    const some = Math.min(left, 1024);
    const start = performance.now();
    for (let done = 0; done < some; done += batch) {
      for (let call = 0; call < batch; call++) send(action);
      // Messages are sent at the end of the task.
      await null;
    }
    ms += performance.now() - start;
    await settle();
    left -= some;
    await nextTask();
  }
  return (ms * 1e6) / messages;
}

async function timedAnswers({ send, settle, sent }, action, batch, messages) {
  calls = 0;
  const count = () => calls++;
  const answers = Array.from({ length: messages / batch }, (_, at) => answer(sent() + (at + 1) * batch));
  const start = performance.now();
  for (let done = 0; done < messages; done += batch) {
    for (let call = 0; call < batch; call++) void send(action).then(count);
    await null;
    settle(answers[done / batch]);
  }
  await null;
  const ns = ((performance.now() - start) * 1e6) / messages;
  if (calls !== messages) throw new Error(`${calls} of ${messages} actions were answered`);
  return ns;
}

/** All memories of WebAssembly in the page. */
const memories = [];
for (const name of ["instantiate", "instantiateStreaming"]) {
  const real = WebAssembly[name];
  WebAssembly[name] = async (...args) => {
    const made = await real.apply(WebAssembly, args);
    // The build shortens the names of exports.
    const exported = Object.values((made.instance ?? made).exports);
    memories.push(exported.find((value) => value instanceof WebAssembly.Memory));
    return made;
  };
}
const wasmBytes = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

let soaking;

/** A follower receives and an owner sends this many messages of each kind, alone and in batches. */
async function soak(messages) {
  soaking ??= { follower: await ours(), owner: await owner() };
  const { follower, owner: sender } = soaking;
  const some = 1_000;
  for (let done = 0; done < messages; done += some) {
    const kind = done % 2_000 ? "call" : "state";
    for (const frame of frames(follower, kind, some / 2, 1)) follower.receive(frame);
    for (const frame of frames(follower, kind, some / 2, 20)) follower.receive(frame);
    for (let sent = 0; sent < some; sent++) sender.send(ACTIONS.call);
    await nextTask();
    sender.settle();
    await nextTask();
  }
}

/** Follows a room and leaves it, this many times. */
async function followAndLeave(times) {
  for (let time = 0; time < times; time++) await (await ours()).close();
}

globalThis.bench = { record, receiving, broadcasting, soak, followAndLeave, wasmBytes };
