// The original system's class, on top of this package. Pages that were written for it see no
// difference, except that a lost connection comes back. A server that knows no session fields, such
// as the original's own, is spoken to in the original's way.

import { FirstSocket } from "./classic-socket.js";
import { create, join } from "./index.js";

const NO_WEBSOCKET = "Your browser does not support WebSockets.";

export class RTBroadcaster {
  isOwner;
  connected = false;
  uuid;
  suscribedFuncs = new Functions((key) => this.#syncFunction(key));
  /** The callbacks that the page gave. */
  #callbacks;
  /** The room, once it is entered. */
  #room;
  /** The connection to a server that knows no session fields. */
  #original;
  /** The calls of the page that wait until there is either of them. */
  #queued = [];
  /** The function keys that were reported to have no function. */
  #reportedKeys = new Set();
  #isOver = false;

  static {
    // Vue and Alpine make no proxy around what has such a name. A proxy has no private fields.
    Object.defineProperty(this.prototype, Symbol.toStringTag, { value: "RTBroadcaster" });
  }

  constructor(url, onConnectionCallback, openCallback, closeCallback, errorCallback) {
    this.#callbacks = { connection: onConnectionCallback, open: openCallback, close: closeCallback, error: errorCallback };
    const uuid = uuidOfPage();
    this.isOwner = !uuid;
    this.uuid = uuid;
    if (!globalThis.WebSocket) {
      console.error(NO_WEBSOCKET);
      this.#callBack("error", NO_WEBSOCKET);
      return;
    }
    this.#connect(url.toString());
  }

  suscribeFunc(funcKey, func) {
    this.suscribedFuncs.set(funcKey, func);
  }

  unsuscribeFunc(funcKey) {
    this.suscribedFuncs.delete(funcKey);
  }

  sendAction(funcKey, funcParams, isState) {
    this.#whenEntered(() => this.#broadcast(funcKey, funcParams, isState));
  }

  /** @param {string} message an envelope as JSON */
  sendMessage(message) {
    this.#whenEntered(() => this.#send(message));
  }

  /** The owner closes the room for everyone, a follower leaves it; `closeCallback` is called. */
  close() {
    this.#whenEntered(() => {
      if (this.#room) return this.#room.close();
      if (this.isOwner) this.#original.send(JSON.stringify(this.#envelope(4, "close", "", [], false)));
      this.#original.close();
    });
  }

  #connect(address) {
    const first = new FirstSocket(address, {
      onsent: () => this.#callBack("open"),
      onoriginal: (socket, event) => this.#useOriginalProtocol(socket, event),
    });
    // The connection that is being opened already, and new ones after it.
    const socket = () => first.useOnce() ?? new WebSocket(address);
    const options = {
      WebSocket: function () {
        return socket();
      },
      onstatus: () => (this.connected = this.#room.connected),
      onclose: () => this.#end(),
      onerror: ({ code, message, cause }) => (code === "function_failed" ? console.error(cause) : console.warn(message)),
    };
    const entering = this.isOwner ? create(address, options) : join(address, this.uuid, options);
    entering.then(
      (room) => this.#entered(room),
      (error) => this.#failed(error, first),
    );
  }

  #entered(room) {
    this.#room = room;
    for (const key of this.suscribedFuncs.keys()) this.#syncFunction(key);
    this.#finishEntering(room.uuid);
  }

  #failed({ code, message }, first) {
    if (this.#original) return;
    first.close();
    console.warn(message);
    if (code === "wasm_failed") this.#callBack("error", message);
    this.#end();
  }

  /**
   * The server's first message has no session fields: from now on this acts as the original class.
   */
  #useOriginalProtocol(socket, event) {
    this.#original = socket;
    socket.onmessage = ({ data }) => data.split("\n").forEach((line) => this.#receive(line));
    socket.onclose = () => this.#end();
    socket.onmessage(event);
  }

  #receive(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return console.warn("the server sent something that isn't JSON");
    }
    if (!message?.uuid) return;
    this.uuid = message.uuid;
    if (message.status?.value !== 3) return;
    if (!this.connected) this.#finishEntering(message.uuid);
    if (message.funcKey) this.#dispatch(message.funcKey, message.funcParams);
  }

  #finishEntering(uuid) {
    this.connected = true;
    this.uuid = uuid;
    for (const action of this.#queued.splice(0)) action();
    this.#callBack("connection", uuid);
  }

  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.connected = false;
    this.#queued.length = 0;
    this.#callBack("close");
  }

  #whenEntered(action) {
    if (this.#isOver) return;
    if (this.#room || this.#original) action();
    else this.#queued.push(action);
  }

  #broadcast(funcKey, funcParams, isState) {
    if (this.#original) {
      return this.#original.send(JSON.stringify(this.#envelope(3, "connected", funcKey, funcParams, isState)));
    }
    // The original's server ignored what followers send.
    if (!this.isOwner) return;
    const answer = this.#room.broadcast(String(funcKey), funcParams ?? [], { state: !!isState });
    answer.catch(({ message }) => console.warn(`"${funcKey}" was not taken: ${message}`));
  }

  #send(text) {
    if (this.#original) return this.#original.send(text);
    const { status, funcKey, funcParams, stateMessage } = JSON.parse(text);
    if (funcKey && (status?.value === 3 || status?.value === 4)) this.#broadcast(funcKey, funcParams, stateMessage);
    else if (status?.value === 4) this.close();
  }

  #envelope(value, text, funcKey, funcParams, stateMessage) {
    return { uuid: this.uuid, status: { value, text }, funcKey, funcParams, stateMessage };
  }

  /**
   * Registers the map's function of a key with the room, or removes it there. A key that no room
   * accepts is ignored, because no owner can broadcast it.
   */
  #syncFunction(key) {
    if (!this.#room || typeof key !== "string" || key === "") return;
    if (this.suscribedFuncs.has(key)) this.#room.on(key, (...params) => this.#run(key, params));
    else this.#room.off(key);
  }

  #dispatch(key, params) {
    // It may return a promise.
    new Promise((resolve) => resolve(this.#run(key, params))).catch((failure) => console.error(failure));
  }

  /** @param params the array is the function's only argument */
  #run(key, params) {
    const func = this.suscribedFuncs.get(key);
    if (func) return func(params);
    if (!this.#reportedKeys.has(key)) {
      this.#reportedKeys.add(key);
      console.warn(`no function is suscribed under "${key}"; not reported again`);
    }
  }

  #callBack(name, ...args) {
    new Promise((resolve) => resolve(this.#callbacks[name]?.(...args))).catch((failure) => console.error(failure));
  }
}

/** A map that reports each key whose function was set or removed. */
class Functions extends Map {
  #changed;

  constructor(changed) {
    super();
    this.#changed = changed;
  }

  set(key, func) {
    super.set(key, func);
    this.#changed(key);
    return this;
  }

  delete(key) {
    const existed = super.delete(key);
    this.#changed(key);
    return existed;
  }

  clear() {
    for (const key of [...this.keys()]) this.delete(key);
  }
}

/**
 * The room that the page's address names, if it names one. As in the original, it is everything
 * that follows `uuid=`.
 */
function uuidOfPage() {
  const query = globalThis.location?.search ?? "";
  return new URLSearchParams(query).get("uuid") || query.split("uuid=")[1]?.split("&")[0] || undefined;
}
