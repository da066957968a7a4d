// The option `resume`: an owner keeps its room across reloads of its page.

import { report, roomError } from "./error.js";

/**
 * After these ends there is no room to take back. After `superseded` the page may claim it again.
 */
const FINAL = ["closed", "left", "unknown_room"];

/**
 * The server doesn't know the kept room, or knows it with another key: the room is from before a
 * restart of the server.
 */
const GONE = ["unknown_room", "wrong_owner_key"];

/** Keeps the rooms if the storage can't be used. It outlives a room, but not the page. */
const inMemory = new Map();
let isReported = false;

/** `create` with the option `resume`; `enter(options, onend)` is `create` without it. */
export async function resume(enter, url, options) {
  const { resume: name, storage, claim } = options;
  if (claim != null) throw roomError("invalid_argument", "`resume` and `claim` exclude each other");
  const kept = new KeptRoom(storageKey(name, url), storage);
  const onend = (code) => {
    // A creator that follows leaves a room that goes on.
    const goesOn = code === "left" && room && !room.isOwner;
    if (FINAL.includes(code) && !goesOn) kept.forget(room);
  };
  let room = await takeBack(enter, options, kept, onend);
  room ??= await enter(options, onend);
  kept.write(room);
  if (kept.failure && !isReported) {
    isReported = true;
    // As all callbacks, it is not called before the task after the promise has resolved.
    setTimeout(() => report(room, kept.failure));
  }
  return room;
}

async function takeBack(enter, options, kept, onend) {
  const claim = kept.read();
  if (!claim) return undefined;
  try {
    return await enter({ ...options, claim }, onend);
  } catch (error) {
    if (!GONE.includes(error.code)) throw error;
    kept.forget(claim);
    return undefined;
  }
}

function storageKey(name, url) {
  if (name !== true && (typeof name !== "string" || name === "")) {
    throw roomError("invalid_argument", "`resume` must be true, false or a name");
  }
  return `rtbroadcaster:${name === true ? addressOf(url) : name}`;
}

function addressOf(url) {
  try {
    return new URL(url.href ?? url, globalThis.document?.baseURI ?? globalThis.location?.href.replace(/^blob:/, "")).href;
  } catch {
    // `enter` reports what is wrong with it.
    return String(url);
  }
}

/** A room that is kept: its uuid and owner key, under a key of the storage. */
class KeptRoom {
  #key;
  #storage;
  /** Why the storage can't be used; undefined while it can. */
  failure;

  constructor(key, storage) {
    const methods = ["getItem", "setItem", "removeItem"];
    if (storage != null && !methods.every((method) => typeof storage[method] === "function")) {
      throw roomError("invalid_argument", "`storage` must have getItem, setItem and removeItem");
    }
    this.#key = key;
    this.#storage = storage;
  }

  read() {
    const text = inMemory.get(this.#key) ?? this.#withStorage((storage) => storage.getItem(this.#key));
    try {
      const { uuid, ownerKey } = JSON.parse(text);
      return isNonEmpty(uuid) && !/[^\w:{}-]/.test(uuid) && isNonEmpty(ownerKey) ? { uuid, ownerKey } : undefined;
    } catch {
      return undefined;
    }
  }

  write({ uuid, ownerKey }) {
    const text = JSON.stringify({ uuid, ownerKey });
    this.#withStorage((storage) => storage.setItem(this.#key, text));
    if (this.failure) inMemory.set(this.#key, text);
    else inMemory.delete(this.#key);
  }

  /** Removes the room, unless another page has kept another room since. */
  forget({ uuid }) {
    if (this.read()?.uuid !== uuid) return;
    this.#withStorage((storage) => storage.removeItem(this.#key));
    inMemory.delete(this.#key);
  }

  #withStorage(use) {
    try {
      // If cookies are blocked, even reading `sessionStorage` throws. Workers and Node may lack it.
      return use(this.#storage ?? globalThis.sessionStorage);
    } catch (cause) {
      const message = "the storage can't be used, see `cause`: after a reload this page won't have its room any more";
      this.failure ??= roomError("storage_unavailable", message, cause);
      return undefined;
    }
  }
}

const isNonEmpty = (value) => typeof value === "string" && value !== "";
