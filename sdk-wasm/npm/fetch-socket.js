// A websocket's shape over plain HTTP, for where websockets are blocked: what comes in is a stream of server-sent events, what
// goes out are posts. What is sent and told is what a websocket would carry: docs/http.md says how the server takes it.

const [NEW, JOIN, CLOSE] = [1, 2, 4];

/** The close codes for refusals that end a connection, as in docs/codes.md; others say "come back" (1006). */
const CLOSE_CODES = {
  unknown_room: 4503,
  wrong_owner_key: 4504,
  unauthorized: 4505,
  forbidden: 4505,
  superseded: 4502,
  rate_limited: 4005,
  too_many_connections: 4005,
  keys_unavailable: 4005,
  room_full: 4004,
  too_many_rooms: 4004,
  overloaded: 4004,
  shutting_down: 4000,
};

/** Codes of the HTTP edge alone: a websocket would say nothing before it closes. */
const SILENT_REFUSALS = ["superseded", "overloaded", "too_many_connections", "shutting_down"];

const CONNECTION_LOST = 1006;

/** As the server announces them, until it has. */
const LIMITS = { messageBytes: 65_536, heartbeat: 25_000 };

const encoder = new TextEncoder();

/**
 * Resolves with what makes a {@link FetchSocket}, if the server at a websocket's address can be reached by it; and a websocket
 * after the server has sent the page away, as long as those open.
 */
export async function reach(address) {
  if (!(await probe(httpBase(address)))?.ok) throw new Error("no rooms over HTTP there");
  let NextSocket = FetchSocket;
  return function (address) {
    const socket = new NextSocket(address);
    if (NextSocket === FetchSocket) {
      // A server that sends pages away lets no websockets in either, which need not mean that they are blocked.
      socket.onretrylater = () => (NextSocket = globalThis.WebSocket ?? FetchSocket);
    } else {
      NextSocket = FetchSocket;
      socket.addEventListener("open", () => (NextSocket = WebSocket));
    }
    return socket;
  };
}

export class FetchSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  /** The server has told to come back later. */
  onretrylater = null;
  #base;
  #isOver = false;
  #abort = new AbortController();
  /** The path of the room, once it is known. */
  #room;
  #session;
  #headers = {};
  #isOwner = false;
  #limits = LIMITS;
  /** Which claim of ownership this is; unknown for a follower, and until the stream has begun. */
  #epoch;
  /** Actions that wait to be posted, each a line of JSON. */
  #waiting = [];
  #waitingBytes = 0;
  #isPosting = false;
  #closeRequested = false;
  /** When anything was last heard of the stream. */
  #lastReceivedAt = 0;

  constructor(address) {
    this.#base = httpBase(address);
    setTimeout(() => this.#isOver || this.onopen?.({}));
  }

  /** Bytes that were not taken yet. */
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
    if (message.funcKey || message.clear) {
      this.#waiting.push({ line, id: message.id, bytes: encoder.encode(line).length + 1 });
      this.#waitingBytes += this.#waiting.at(-1).bytes;
    } else if (message.ping) {
      this.#answerPing(message.ping);
    } else if (message.status?.value === NEW) {
      this.#isOwner = true;
      this.#attempt(this.#create(message));
    } else if (message.status?.value === JOIN) {
      this.#isOwner = Boolean(message.ownerKey);
      this.#attempt(this.#join(message));
    } else if (message.status?.value === CLOSE) {
      this.#closeRequested = true;
    }
  }

  async #create({ session, shareAudience, token }) {
    const body = JSON.stringify({ session, shareAudience });
    const response = await this.#request(`${this.#base}/rooms`, "POST", bearer(token), "application/json", body);
    const reply = await response.text();
    const { uuid, ownerKey } = JSON.parse(reply);
    this.#emit([reply]);
    // The room is there, and from now on so is its owner. The page has had its reply.
    await this.#readEvents({ uuid, ownerKey, session, shareAudience, token }, true);
  }

  #join(message) {
    return this.#readEvents(message, false);
  }

  /** Reads the events of a room until they end. */
  async #readEvents({ uuid, ownerKey, session, token, since, ack, epoch, shareAudience }, hasReply) {
    this.#room = `${this.#base}/rooms/${encodeURIComponent(uuid)}`;
    this.#session = session;
    if (ownerKey) this.#headers = { ...bearer(ownerKey), ...(token && { "Rtbroadcaster-Token": token }) };
    const query = new URLSearchParams();
    const claim = ownerKey ? { session, ack, epoch, shareAudience } : {};
    for (const [name, value] of Object.entries({ since, ...claim })) if (value !== undefined) query.set(name, value);
    const headers = { ...bearer(token), ...(ownerKey && { "Rtbroadcaster-Owner-Key": ownerKey }) };
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
    this.#end(CONNECTION_LOST);
  }

  /** The stream has begun: an owner may act, and close the room. */
  #begin({ epoch, limits }) {
    this.#limits = { ...LIMITS, ...limits };
    this.#epoch = epoch;
    this.#post();
  }

  /** Posts what waits, one request after another, and then what was said last. */
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
      if (error.code !== "rate_limited") throw error;
      // Nothing of it was taken: as a websocket isn't read while its owner is too fast, this waits.
      this.#requeue(batch);
      setTimeout(() => this.#postMore(), error.retryAfterMs);
      return;
    }
    const { results } = await response.json();
    const answers = [];
    for (const { id, seq, error, line } of results) {
      if (id === undefined) {
        // Too many were refused: what is behind was not read.
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

  /** As many as one body may have. */
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

  /** An owner closes the room, as the stream then tells; a follower leaves it. */
  async #leave() {
    if (this.#isOwner) {
      await this.#request(`${this.#room}?epoch=${this.#epoch}`, "DELETE", this.#headers);
    } else {
      this.#emit(['{"status":{"value":0,"text":"not connected"}}']);
      this.#end(4501);
    }
  }

  /** A ping is for the connection: the server must be there, and the stream not have been silent for too long. */
  async #answerPing(ping) {
    const response = await probe(this.#base, this.#abort.signal);
    // While it shuts down its rooms go on for a while; a proxy without a server speaks no JSON.
    const isThere = response?.ok || response?.headers.get("Content-Type") === "application/json";
    const silence = performance.now() - this.#lastReceivedAt;
    if (isThere && silence < 2 * this.#limits.heartbeat) this.#emit([`{"pong":${ping}}`]);
  }

  /** A request that must be granted. */
  async #request(address, method, headers, type, body) {
    if (type) headers = { ...headers, "Content-Type": type };
    const response = await fetch(address, { method, headers, body, cache: "no-store", signal: this.#abort.signal });
    if (!response.ok) throw (await response.json()).error;
    return response;
  }

  /** What fails ends the connection; a refusal is told before, as on a websocket. */
  async #attempt(work) {
    try {
      await work;
    } catch (failure) {
      if (this.#isOver) return;
      const { code } = failure ?? {};
      if (code in CLOSE_CODES && !SILENT_REFUSALS.includes(code)) this.#emit([JSON.stringify(refusal(failure))]);
      this.#end(CLOSE_CODES[code] ?? CONNECTION_LOST);
    }
  }

  #emit(messages) {
    if (messages.length && !this.#isOver) this.onmessage?.({ data: messages.join("\n") });
  }

  #end(code) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abort.abort();
    if (code >= 4000 && code < 4500) this.onretrylater?.();
    // As of a websocket: never while its own methods run.
    setTimeout(() => this.onclose?.({ code }));
  }
}

/** The events of a stream, as many at a time as have come. Comments are none, but the stream is alive. */
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

function refusal(error) {
  return { status: { value: 0, text: error.message }, error };
}

const bearer = (secret) => (secret ? { Authorization: `Bearer ${secret}` } : {});

/** Where the rooms are over HTTP, for a websocket's address. */
function httpBase(address) {
  const { origin, pathname } = new URL(address.replace(/^ws/, "http"));
  return origin + pathname.replace(/\/$/, "");
}

/** What the server says when it is asked whether there are rooms over HTTP; nothing if it can't be reached. */
async function probe(base, signal) {
  try {
    return await fetch(`${base}/openapi.json`, { method: "HEAD", cache: "no-store", signal });
  } catch {
    // Whoever asks knows what to do without.
    return undefined;
  }
}
