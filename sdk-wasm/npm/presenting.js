// Who drives: `room.driver`, `invite`, `requestControl`, `handOver`, `takeBack`, `revoke`,
// `onrequest`. Loaded with the first of these calls, or when the server first says something of it.

import { roomError } from "./error.js";

const CREATOR = { seat: 0, role: "creator" };

/** How long a request for the pen waits for its answer. The server forgets it after that time. */
const REQUEST_MS = 60_000;

/**
 * What stands between a room and the right to write in it, the pen. Each connection has one role
 * for its life. So this page enters anew when the pen comes to it or leaves it.
 */
export class Presenting {
  /** Who has the pen. */
  driver = CREATOR;
  #room;
  #entry;
  #asks;
  #submit;
  #enterAnew;
  #tellOwner;
  #tell;
  /** The seq of the entry by which the pen passed last. */
  #seq = 0;
  /** A snapshot comes in. */
  #inSnapshot = false;
  /** The snapshot has named who has the pen, or none comes in. */
  #isNamed = true;
  /** What the page was told last of the pen. */
  #told;
  /** The promises that are settled when this page drives. */
  #awaitingPen = [];
  /**
   * The request of this page for the pen, until it is refused: its key, its seat once that is
   * known, and its promise, until that is settled.
   */
  #request;

  /**
   * `room` is what the page has, `entry` what its first messages say. `enterAnew` opens a new
   * connection, `tellOwner` calls `onowner`, and the others are the means of roster.js.
   */
  constructor({ room, entry, asks, submit, enterAnew, tellOwner, tell }) {
    this.#room = room;
    this.#entry = entry;
    this.#asks = asks;
    this.#submit = submit;
    this.#enterAnew = enterAnew;
    this.#tellOwner = tellOwner;
    this.#tell = tell;
    this.#told = this.#state();
  }

  async invite({ role = "presenter", name, expires } = {}) {
    const secret = newKey();
    const { seat } = await this.#asks.ask({ invite: { key: secret, role, name, expires } });
    return { secret, seat };
  }

  async revoke(seat) {
    await this.#asks.ask({ revoke: seatOf(seat) });
  }

  async handOver(to) {
    return this.#submit(JSON.stringify({ drive: seatOf(to) }));
  }

  async takeBack() {
    return this.#drives() ? this.#seq : this.#askForPen({ takeBack: true });
  }

  requestControl({ name } = {}) {
    if (this.#drives()) return Promise.resolve(true);
    if (this.#room.ownerKey) return Promise.reject(roomError("forbidden", "the creator needs no request: `takeBack` gives it the pen"));
    return this.#request?.promise ?? this.#requestPen(name);
  }

  /** Handles a message of the server. Returns whether it was for this alone. */
  hear({ driver, clear, seq, v, resync, synced, request, refused, revoked }) {
    if (request) {
      const { seat, name } = request;
      this.#tell("onrequest", { seat, name, accept: () => this.handOver(seat), refuse: () => this.#refuse(seat) });
    } else if (refused !== undefined) {
      this.#forgetRequest(refused);
    } else if (revoked !== undefined) {
      this.#forgetRequest(revoked);
      if (revoked === this.#room.seat) this.#becomeFollower();
    } else {
      if (driver) {
        [this.driver, this.#seq, this.#isNamed] = [driver, seq, true];
        // In a snapshot an entry clears nothing.
        this.#inSnapshot = clear === undefined;
      } else if (resync) {
        [this.#inSnapshot, this.#isNamed] = [true, false];
      } else if (synced !== undefined) {
        if (!this.#isNamed) this.driver = CREATOR;
        [this.#inSnapshot, this.#isNamed] = [false, true];
      } else if (v) {
        this.#inSnapshot = false;
        // The server tells the connection that asked what became of it: now that is this one.
        const waits = this.#request?.promise && this.#request.seat !== undefined;
        if (waits && !this.#drives()) this.#ask(this.#request);
      } else {
        return false;
      }
      // When the session has handled the message, and those that came with it.
      Promise.resolve().then(() => (v ? this.#entered() : this.#passed()));
      return false;
    }
    return true;
  }

  /** The room is over. */
  end() {
    const error = roomError("closed", "the room is closed on this page");
    for (const { reject } of this.#awaitingPen.splice(0)) reject(error);
    this.#settleRequest("reject", error);
  }

  /** The pen has passed: an own turn may begin or end now. */
  #passed() {
    if (this.#inSnapshot) return;
    const room = this.#room;
    const { seat } = this.driver;
    const isRequested = seat === this.#request?.seat;
    if (isRequested) this.#entry.invite = this.#request.key;
    const isOwn = isRequested || (room.role !== "follower" && seat === room.seat);
    if (isOwn !== this.#drives()) {
      // Who drives must stand where the room stands.
      if (isOwn && room.detached) room.follow();
      this.#enterAnew();
    }
    // That it drives the page is told when it does.
    if (!isOwn || this.#drives()) this.#tellPen();
  }

  /** The page has entered, and knows whether it drives. */
  #entered() {
    if (this.#drives()) {
      for (const { resolve } of this.#awaitingPen.splice(0)) resolve(this.#seq);
      this.#settleRequest("resolve", true);
    }
    // A snapshot, or the entry, may name the driver later.
    if (!this.#inSnapshot && (!this.#drives() || this.driver.seat === this.#room.seat)) this.#tellPen();
  }

  #tellPen() {
    const now = this.#state();
    if (now === this.#told) return;
    this.#told = now;
    this.#tellOwner();
  }

  #state() {
    return this.driver.seat + String(this.#drives());
  }

  #drives() {
    return this.#room.isOwner;
  }

  /** Asks for something that makes this page drive. Resolves with a seq when it does. */
  #askForPen(what) {
    return new Promise((resolve, reject) => {
      this.#awaitingPen.push({ resolve, reject });
      this.#asks.ask(what).catch(reject);
    });
  }

  #requestPen(name) {
    const request = { key: this.#request?.key ?? this.#entry.invite ?? newKey(), name };
    this.#request = request;
    request.promise = new Promise((resolve, reject) => Object.assign(request, { resolve, reject }));
    request.timer = setTimeout(() => this.#settleRequest("resolve", false), REQUEST_MS);
    this.#ask(request);
    return request.promise;
  }

  async #ask(request) {
    try {
      const { seat } = await this.#asks.ask({ request: { key: request.key, name: request.name } });
      request.seat = seat;
      // The entry that gives it the pen may have come before.
      this.#passed();
    } catch (error) {
      clearTimeout(request.timer);
      request.reject(error);
      request.promise = undefined;
    }
  }

  /** Settles the promise of the request, if it is pending. */
  #settleRequest(how, value) {
    const request = this.#request;
    if (!request?.promise) return;
    clearTimeout(request.timer);
    request.promise = undefined;
    request[how](value);
  }

  async #refuse(seat) {
    await this.#asks.ask({ refuse: seat });
  }

  /** The request for this seat is over. */
  #forgetRequest(seat) {
    if (seat !== this.#request?.seat) return;
    this.#settleRequest("resolve", false);
    this.#request = undefined;
  }

  #becomeFollower() {
    this.#entry.invite = undefined;
    this.#enterAnew();
  }
}

/** A key of a seat: 192 random bits, in the letters of base64url. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

function seatOf(value) {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw roomError("invalid_argument", "a seat is a whole number from 0: see `room.seat` and `onrequest`");
}
