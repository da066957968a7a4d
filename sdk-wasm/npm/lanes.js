// `room.lane`, `send`, `react`, `vote` and what is heard of lanes. Loaded with the first lane.

import { roomError } from "./error.js";

const SYMBOLS = ["👍", "👏", "❤", "😂", "😮", "🎉"];

/** Where a page keeps the name under which it votes, so that a reload votes anew and not twice. */
const VOTER = "rtbroadcaster:voter";

/** What stands between a room and the lanes of its server. `means` are those of roster.js. */
export class Lanes {
  /** The newest counts that the server told. */
  counts;
  #means;
  /** Each lane by its name: what it is, and when this page may speak there again. */
  #open = new Map();
  /** The lanes that a snapshot has not named yet. */
  #unnamed;
  /** The newest vote on each lane that is not answered. */
  #votes = new Map();
  /** The function that is told the counts of a lane, by the lane's name. */
  #shared = new Map();
  #lastNumber = 0;
  #voter;

  constructor(means) {
    this.#means = means;
  }

  /** Opens a lane, sets it anew, or ends it. */
  lane(name, definition) {
    const lane = definition == null ? null : laneOf(name, definition);
    if (definition?.share === undefined) this.#shared.delete(name);
    else this.#shared.set(name, definition.share);
    const answer = this.#means.submit(JSON.stringify({ lane: name, as: lane }));
    return answer.then((seq) => (this.#set(name, lane, seq), seq));
  }

  /**
   * Opens the lanes that the page wishes for, but those that the room has already. Rejects with the
   * first failure; `onerror` is told of the others.
   */
  async openAll(definitions) {
    const opened = Object.entries(definitions).map(async ([name, definition]) => {
      const known = this.#open.get(name);
      if (!known || !definition || !same(known.as, laneOf(name, definition))) return this.lane(name, definition);
      if (definition.share !== undefined) this.#shared.set(name, definition.share);
    });
    const failed = (await Promise.allSettled(opened)).filter(({ status }) => status === "rejected");
    if (!failed.length) return;
    for (const { reason } of failed.slice(1)) if (reason.code !== "closed") this.#means.tell("onerror", reason);
    throw failed[0].reason;
  }

  send(name, value = null) {
    return this.#speak(name, "say", { say: value });
  }

  react(symbol, name = "react") {
    const lane = this.#open.get(name);
    return !!lane?.as.symbols?.includes(symbol) && this.#speak(name, "count", { react: symbol });
  }

  vote(name, option) {
    const lane = this.#open.get(name);
    if (lane?.as.kind !== "vote") return Promise.reject(roomError("forbidden", `no vote is open on the lane "${name}"`));
    if (!Number.isInteger(option) || option < 0 || option >= lane.as.options) {
      return Promise.reject(roomError("invalid_argument", `\`option\` must be from 0 to ${lane.as.options - 1}`));
    }
    return new Promise((resolve, reject) => {
      this.#sendVote(name, option, [...(this.#votes.get(name)?.settle ?? []), { resolve, reject }]);
    });
  }

  /** Sends a vote with a number higher than any before, `last` included. */
  #sendVote(name, option, settle, last = 0) {
    // Those of the page before its reload are lower than the time.
    const n = (this.#lastNumber = Math.max(this.#lastNumber + 1, last + 1, Date.now()));
    const seq = this.#open.get(name)?.seq;
    const text = JSON.stringify({ lane: name, vote: option, n, seq, session: this.#voterName() });
    this.#votes.set(name, { n, option, text, settle });
    this.#means.send(text);
  }

  /** Handles a message of the server. Returns whether it was for this alone. */
  hear(message) {
    const { lane, as, voted, n, counts, dropped, said, error, status, v } = message;
    if (counts) {
      this.#hearCounts(counts, dropped ?? {});
    } else if (said) {
      for (const one of said) this.#means.tell("onsaid", one);
    } else if (voted !== undefined) {
      const vote = this.#votes.get(lane);
      if (vote && n > vote.n && voted !== vote.option) this.#sendVote(lane, vote.option, vote.settle, n);
      else this.#settle(lane, n, ({ resolve }) => resolve());
    } else if (error?.lane !== undefined) {
      this.#refuse(error);
    } else {
      if (as !== undefined) this.#set(lane, as, message.seq);
      else if (message.resync) this.#unnamed = new Set(this.#open.keys());
      else if (message.synced) this.#forgetUnnamed();
      // The reply to a join: votes of the connection before may be lost.
      else if (status?.value === 3 && v) for (const { text } of this.#votes.values()) this.#means.send(text);
      return false;
    }
    return true;
  }

  /** The room is over. */
  end() {
    for (const name of [...this.#votes.keys()]) {
      this.#settle(name, Infinity, ({ reject }) => reject(roomError("closed", "the room is closed on this page")));
    }
    this.#open.clear();
  }

  #speak(name, kind, word) {
    const lane = this.#open.get(name);
    const now = performance.now();
    // An owner, which is told the counts, says nothing.
    if (lane?.as.kind !== kind || now < lane.nextAt || this.#means.room.isOwner) return false;
    const isSent = this.#means.send(JSON.stringify({ lane: name, ...word }));
    if (isSent) lane.nextAt = now + lane.as.per;
    return isSent;
  }

  #set(name, as, seq) {
    this.#unnamed?.delete(name);
    const known = this.#open.get(name);
    // A snapshot names it once more: votes on it still count.
    if (known && known.seq === seq) return;
    if (as === null) {
      this.#open.delete(name);
      if (!known) return;
    } else {
      this.#open.set(name, { as, seq, nextAt: 0 });
    }
    // Votes on a lane that was set anew or has ended count for nothing.
    if (known) this.#settle(name, Infinity, ({ reject }) => reject(roomError("forbidden", "the lane was set anew, or has ended")));
    this.#means.tell("onlane", { name, lane: as ?? undefined });
  }

  #forgetUnnamed() {
    const gone = this.#unnamed ?? [];
    this.#unnamed = undefined;
    for (const name of gone) this.#set(name, null);
  }

  #hearCounts(counts, dropped) {
    const before = this.counts;
    this.counts = counts;
    this.#means.tell("oncounts", { counts, dropped });
    for (const [name, functionKey] of this.#shared) {
      if (counts[name] && !same(counts[name], before?.[name])) this.#means.room.broadcast(functionKey, [counts[name]], { state: true });
    }
  }

  #refuse({ lane: name, n, code, message, retryAfterMs }) {
    const lane = this.#open.get(name);
    if (n !== undefined) this.#settle(name, n, ({ reject }) => reject(roomError(code, message)));
    else if (lane && retryAfterMs) lane.nextAt = performance.now() + retryAfterMs;
  }

  /** Settles the votes on a lane up to a number. */
  #settle(name, n, settle) {
    const vote = this.#votes.get(name);
    if (!vote || vote.n > n) return;
    this.#votes.delete(name);
    vote.settle.forEach(settle);
  }

  #voterName() {
    try {
      this.#voter ??= sessionStorage.getItem(VOTER);
    } catch {
      // Without a storage a reload is another voter.
    }
    if (!this.#voter) {
      this.#voter = crypto.getRandomValues(new Uint32Array(4)).join("-");
      try {
        sessionStorage.setItem(VOTER, this.#voter);
      } catch {
        // As above.
      }
    }
    return this.#voter;
  }
}

/** What a lane is on the wire. */
function laneOf(name, { options, symbols, per }) {
  if (typeof name !== "string" || !name) throw roomError("invalid_argument", "the name of a lane must be a text that isn't empty");
  if (options !== undefined) return { kind: "vote", options };
  symbols ??= name === "react" ? SYMBOLS : undefined;
  return symbols ? { kind: "count", symbols, per: per ?? 1000 } : { kind: "say", per: per ?? 1000 };
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
