// A class like `WebSocket`, over plain HTTP, for networks that block websockets. It receives a
// stream of server-sent events and sends posts. The messages are those that a websocket would
// carry; docs/http.md describes the requests.

const [NEW, JOIN, CLOSE] = [1, 2, 4];

/**
 * The close codes for refusals that end a connection, as in docs/codes.md. After any other refusal
 * the connection is lost, and the SDK connects again.
 */
const CLOSE_CODES = {
  unknown_room: 4503,
  wrong_owner_key: 4504,
  unsupported_version: 4504,
  unauthorized: 4505,
  forbidden: 4505,
  superseded: 4502,
  rate_limited: 4005,
  too_many_connections: 4005,
  keys_unavailable: 4005,
  unavailable: 4005,
  room_full: 4004,
  too_many_rooms: 4004,
  overloaded: 4004,
  shutting_down: 4000,
};

/** Refusals that exist over HTTP only: a websocket would close without a message. */
const SILENT_REFUSALS = ["superseded", "overloaded", "too_many_connections", "shutting_down"];

/** The limits until the server has announced its own. */
const LIMITS = { messageBytes: 65_536, heartbeat: 25_000 };

/**
 * Asks the server at a websocket's address whether it has rooms over plain HTTP. Resolves with the
 * status of the answer; with 1 if the page may not read the answer, because its origin is not
 * allowed; with 0 if there is no answer.
 */
export async function probe(address) {
  const base = httpBase(address);
  return (await ask(base))?.status ?? ((await ask(base, { mode: "no-cors" })) ? 1 : 0);
}

/**
 * Opens a websocket only to see whether it opens. Resolves with the HTTP status with which one
 * opens if it does, and otherwise never.
 */
export function tryWebsocket(address) {
  const socket = new WebSocket(address);
  return new Promise((resolve) => {
    socket.onopen = () => {
      socket.close();
      resolve(101);
    };
  });
}

export class FetchSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #base;
  #isOver = false;
  #abort = new AbortController();
  /** The path of the room, once it is known. */
  #room;
  #session;
  /** What proves that a request is a member's. */
  #headers = {};
  #ownerKey;
  /** Whether this page drives, or expects to until the stream has begun. */
  #isOwner = false;
  #limits = LIMITS;
  /** The epoch of this page's turn; undefined if it follows, and until the stream has begun. */
  #epoch;
  /** Actions that wait to be posted, each a line of JSON. */
  #waiting = [];
  #waitingBytes = 0;
  #isPosting = false;
  #closeRequested = false;
  #token;
  /** When anything last came on the stream. */
  #lastReceivedAt = 0;

  constructor(address) {
    this.#base = httpBase(address);
    setTimeout(() => this.#isOver || this.onopen?.({}));
  }

  /** As of a websocket: 1 while messages can be sent. */
  get readyState() {
    return this.#isOver ? 3 : 1;
  }

  /** How many bytes the server has not accepted yet. */
  get bufferedAmount() {
    return this.#waitingBytes;
  }

  /** Sends messages, one on each line. */
  send(frame) {
    if (this.#isOver) return;
    for (const line of frame.split("\n")) this.#sendMessage(line, JSON.parse(line));
    this.#post();
  }

  close() {
    this.#end(1005);
  }

  #sendMessage(line, message) {
    if (message.funcKey || message.clear || message.id) {
      this.#waiting.push({ line, id: message.id, bytes: new TextEncoder().encode(line).length + 1 });
      this.#waitingBytes += this.#waiting.at(-1).bytes;
    } else if (message.ping) {
      this.#answerPing(message);
    } else if (message.ask) {
      this.#ask(line, message);
    } else if (message.lane) {
      this.#speak(line, message);
    } else if (message.status?.value === NEW) {
      this.#isOwner = true;
      this.#attempt(this.#create(message));
    } else if (message.status?.value === JOIN) {
      this.#isOwner = Boolean(message.ownerKey);
      this.#attempt(this.#readEvents(message, false));
    } else if (message.status?.value === CLOSE) {
      this.#closeRequested = true;
    }
  }

  async #create({ session, shareAudience, shareRoster, code, clock, token }) {
    const body = JSON.stringify({ session, shareAudience, shareRoster, code, clock });
    const response = await this.#request(`${this.#base}/rooms`, "POST", bearer(token), "application/json", body);
    const reply = await response.text();
    const { uuid, ownerKey } = JSON.parse(reply);
    this.#emit([reply]);
    // The room exists, and from now on its owner is connected. The page already has the reply.
    await this.#readEvents({ uuid, ownerKey, session, shareAudience, shareRoster, clock, token }, true);
  }

  /** Reads the events of a room until they end. */
  async #readEvents(entry, hasReply) {
    const { uuid, ownerKey, invite, session, token, name, since, clock, ack, epoch, drive, shareAudience, shareRoster } = entry;
    this.#room = `${this.#base}/rooms/${encodeURIComponent(uuid)}`;
    [this.#session, this.#token, this.#ownerKey] = [session, token, ownerKey];
    const key = ownerKey ?? invite;
    if (key) this.#headers = { ...bearer(key), ...given({ "Rtbroadcaster-Token": token }) };
    const query = new URLSearchParams(given({ since, session, clock, drive, shareAudience, shareRoster, ...(key && { ack, epoch }) }));
    const who = { "Rtbroadcaster-Owner-Key": ownerKey, "Rtbroadcaster-Invite": invite, "Rtbroadcaster-Name": name && encodeURIComponent(name) };
    const headers = { ...bearer(token), ...given(who) };
    const response = await this.#request(`${this.#room}/events?${query}`, "GET", headers);
    let isFirst = true;
    for await (const events of eventsOf(response.body)) {
      this.#lastReceivedAt = performance.now();
      const messages = [];
      let code;
      for (const { type, data } of events) {
        if (type === "close") {
          ({ code } = JSON.parse(data));
        } else {
          if (isFirst) this.#begin(JSON.parse(data));
          if (!isFirst || !hasReply) messages.push(data);
          isFirst = false;
        }
      }
      this.#emit(messages);
      if (code) return this.#end(code);
    }
    this.#end();
  }

  /**
   * Handles the first event of the stream, which says whether this page drives. From now on it may
   * broadcast, and close the room.
   */
  #begin({ uuid, epoch, limits }) {
    // It was entered by its code, perhaps, which stands in no other path.
    this.#room = `${this.#base}/rooms/${encodeURIComponent(uuid)}`;
    this.#limits = { ...LIMITS, ...limits };
    this.#epoch = epoch;
    this.#isOwner = epoch !== undefined;
    this.#post();
  }

  /**
   * Asks for something. Whoever asks for control proves nothing. Who is there only the creator can
   * ask over HTTP, and is not told later who comes and goes.
   */
  async #ask(line, { ask, roster, request }) {
    try {
      if (roster && !this.#ownerKey) throw { code: "forbidden", message: "over plain HTTP only the owner can ask who is there" };
      const headers = { ...(request ? bearer(this.#token) : this.#headers), "Rtbroadcaster-Session": this.#session };
      const response = await (roster
        ? this.#request(`${this.#room}/roster?${new URLSearchParams(roster)}`, "GET", this.#headers)
        : this.#request(`${this.#room}/requests`, "POST", headers, "application/json", line));
      this.#emit([JSON.stringify({ ask, ...(await response.json()) })]);
    } catch (error) {
      // Without a code nobody knows what is lost. The next connection asks again.
      if (error?.code) this.#emit([JSON.stringify(refusal({ ...error, ask }))]);
      else this.#end();
    }
  }

  /** Says something on a lane. A vote is answered, or lost with the connection. */
  async #speak(line, { lane, n }) {
    try {
      const response = await this.#request(`${this.#room}/lanes`, "POST", bearer(this.#token), "application/json", line);
      if (response.status === 200) this.#emit([await response.text()]);
    } catch (error) {
      if (error?.code) this.#emit([JSON.stringify(refusal({ ...error, lane, n }))]);
      else if (n !== undefined) this.#end();
    }
  }

  /**
   * Posts the actions that wait, one request after another, and then closes if that was requested.
   */
  #post() {
    if (this.#isPosting || this.#isOver || ((this.#isOwner || this.#waiting.length) && this.#epoch === undefined)) return;
    if (this.#waiting.length) {
      this.#isPosting = true;
      this.#attempt(this.#postBatch());
    } else if (this.#closeRequested) {
      this.#closeRequested = false;
      this.#attempt(this.#leave());
    }
  }

  async #postBatch() {
    const batch = this.#nextBatch();
    const body = batch.map(({ line }) => line).join("\n");
    const headers = { ...this.#headers, "Idempotency-Key": `${this.#session}:${batch[0].id}` };
    const address = `${this.#room}/actions?epoch=${this.#epoch}`;
    let response;
    try {
      response = await this.#request(address, "POST", headers, "application/x-ndjson", body);
    } catch (error) {
      // Another page drives now, or has claimed the room, or the key is good no longer: the next
      // connection learns it.
      if (["superseded", "not_owner", "wrong_owner_key"].includes(error.code)) return this.#end();
      if (error.code !== "rate_limited") throw error;
      // Nothing was accepted. A websocket is not read while its owner is too fast; likewise this
      // waits.
      this.#requeue(batch);
      setTimeout(() => this.#postMore(), error.retryAfterMs);
      return;
    }
    const { results } = await response.json();
    const answers = [];
    for (const { id, seq, error, line } of results) {
      if (id === undefined) {
        // Too many actions were refused: the server did not read those from here on.
        this.#requeue(batch.splice(line - 1));
      } else if (error) {
        answers.push(JSON.stringify(refusal({ ...error, id })));
      } else {
        answers.push(`{"ack":${id},"seq":${seq}}`);
      }
    }
    this.#emit(answers);
    this.#postMore();
  }

  #postMore() {
    this.#isPosting = false;
    this.#post();
  }

  /** Takes as many actions from the queue as one body may have. */
  #nextBatch() {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && (bytes += this.#waiting[count].bytes) <= this.#limits.messageBytes + 1) count += 1;
    const batch = this.#waiting.splice(0, Math.max(count, 1));
    for (const { bytes } of batch) this.#waitingBytes -= bytes;
    return batch;
  }

  #requeue(batch) {
    this.#waiting.unshift(...batch);
    for (const { bytes } of batch) this.#waitingBytes += bytes;
  }

  /** Closes the room, which the stream then reports; who isn't its creator leaves it. */
  async #leave() {
    if (this.#isOwner && this.#ownerKey) {
      await this.#request(`${this.#room}?epoch=${this.#epoch}`, "DELETE", this.#headers);
    } else {
      this.#emit(['{"status":{"value":0,"text":"not connected"}}']);
      this.#end(4501);
    }
  }

  /**
   * Answers a ping. A pong means that the connection is alive: the server must answer, and the
   * stream must not have been silent for too long.
   */
  async #answerPing({ ping, time: wantsTime }) {
    if (wantsTime) return this.#answerTime(ping);
    const response = await ask(this.#base, { signal: this.#abort.signal });
    // A server that shuts down refuses in JSON, but its rooms go on for a while. A proxy without a
    // server does not answer in JSON.
    const isThere = response?.ok || response?.headers.get("Content-Type") === "application/json";
    const silence = performance.now() - this.#lastReceivedAt;
    if (isThere && silence < 2 * this.#limits.heartbeat) this.#emit([`{"pong":${ping}}`]);
  }

  /** Answers a ping that asks for the server's time, which this page's own would not be. */
  async #answerTime(pong) {
    try {
      const response = await this.#request(`${this.#base}/time`, "GET");
      this.#emit([JSON.stringify({ pong, time: (await response.json()).time })]);
    } catch ({ code }) {
      // Without an answer there is none to the ping.
      if (code === "rate_limited") this.#emit([JSON.stringify({ pong })]);
    }
  }

  /** Sends a request; throws the refusal if the server refuses it. */
  async #request(address, method, headers, type, body) {
    if (type) headers = { ...headers, "Content-Type": type };
    const response = await fetch(address, { method, headers, body, cache: "no-store", signal: this.#abort.signal });
    if (!response.ok) throw (await response.json()).error;
    return response;
  }

  /** Awaits some work. If it fails, the connection ends; before that, a refusal is delivered. */
  async #attempt(work) {
    try {
      await work;
    } catch (failure) {
      if (this.#isOver) return;
      const { code } = failure ?? {};
      if (code in CLOSE_CODES && !SILENT_REFUSALS.includes(code)) this.#emit([JSON.stringify(refusal(failure))]);
      this.#end(CLOSE_CODES[code]);
    }
  }

  #emit(messages) {
    if (messages.length && !this.#isOver) this.onmessage?.({ data: messages.join("\n") });
  }

  /** Without a code it ends as a websocket does that is lost: RFC 6455, section 7.1.5. */
  #end(code = 1006) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abort.abort();
    // As with a websocket, no handler is called while a method runs.
    setTimeout(() => this.onclose?.({ code }));
  }
}

/**
 * Yields the events of a stream, as many at a time as have come. A comment yields an empty list: it
 * shows that the stream is alive.
 */
async function* eventsOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    yield blocks.map(event).filter(({ data }) => data);
  }
}

function event(block) {
  const fields = block.split("\n").map((line) => line.split(/: (.*)/s));
  const { event: type, data } = Object.fromEntries(fields);
  return { type, data };
}

const refusal = (error) => ({ status: { value: 0, text: error.message }, error });

/** The fields that have a value. */
const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const bearer = (secret) => (secret ? { Authorization: `Bearer ${secret}` } : {});

/** Returns the address of the rooms over HTTP, for a websocket's address. */
function httpBase(address) {
  const { origin, pathname } = new URL(address.replace(/^ws/, "http"));
  return origin + pathname.replace(/\/$/, "");
}

/** Asks the server whether it has rooms over HTTP. Returns undefined if there is no answer. */
async function ask(base, options) {
  try {
    return await fetch(`${base}/openapi.json`, { method: "HEAD", cache: "no-store", ...options });
  } catch {
    // The callers handle a missing answer.
    return undefined;
  }
}
