// The connection of a room: its address, its token, and the socket of the moment.

import { CONNECTION_LOST, NO_TOKEN, NO_WEBSOCKET } from "./decisions.js";
import { nonEmpty } from "./arguments.js";
import { firstMessage } from "./entry.js";
import { roomError } from "./errors.js";

/** @typedef {string | (() => unknown)} Token */

/**
 * What to connect to, and how.
 *
 * @typedef {object} Target
 * @property {string} address
 * @property {typeof WebSocket | undefined} SocketClass the class of websockets, if it is not the
 * global one
 * @property {Token | null | undefined} token the proof that this page may enter, or a function that
 * returns it
 */

/**
 * What is used of a websocket.
 *
 * @typedef {object} Socket
 * @property {number} [readyState]
 * @property {number} [bufferedAmount]
 * @property {(frame: string) => void} [send]
 * @property {() => void} close
 * @property {(() => void) | null} [onopen]
 * @property {((event: MessageEvent) => void) | null} [onmessage]
 * @property {((event: { code: number }) => void) | null} [onclose]
 */

export class Connection {
  #driver;
  #address;
  /** The class of websockets, if it is not the global one. */
  #WebSocket;
  /** The proof that this page may enter, or a function that returns it. */
  #token;
  /** @type {Socket | undefined} */
  socket;
  /**
   * The module for plain HTTP, once the server was asked over it.
   *
   * @type {typeof import("./fetch-socket.js") | undefined}
   */
  #http;
  /** Some of what was sent may still wait in the page for the network. */
  #mayHaveUnsent = false;

  /**
   * @param {import("./driver.js").Driver} driver
   * @param {Target} target
   */
  constructor(driver, { address, SocketClass, token }) {
    this.#driver = driver;
    this.#address = address;
    this.#WebSocket = SocketClass;
    this.#token = token;
  }

  /** How many bytes wait in the page for the network; undefined if that was 0 before. */
  get unsent() {
    if (!this.#mayHaveUnsent || !this.socket) return;
    const bytes = this.socket.bufferedAmount ?? 0;
    this.#mayHaveUnsent = bytes > 0;
    return bytes;
  }

  /**
   * Asks the server over plain HTTP whether it is there, or opens a websocket beside the connection
   * to see whether it opens. Tells the engine the status of the answer.
   *
   * @param {"probe" | "tryWebsocket"} how
   */
  async ask(how) {
    let status = 0;
    try {
      if (!this.#WebSocket) status = await (this.#http = await import("./fetch-socket.js"))[how](this.#address);
    } catch {
      // Without that module there is no plain HTTP.
    }
    this.#tell(status);
  }

  /** @param {number} code a close code or an HTTP status */
  #tell(code) {
    this.#driver.handle((engine, now) => engine.disconnected(now, code));
  }

  /** @param {boolean} usesHttp whether to connect over plain HTTP: websockets are blocked */
  async connect(usesHttp) {
    this.disconnect();
    /**
     * Stands in for the socket until it is open: the engine may give this connection up before.
     *
     * @type {Socket}
     */
    const placeholder = (this.socket = { close() {} });
    /** @type {typeof NO_WEBSOCKET | typeof NO_TOKEN} */
    let failure = NO_WEBSOCKET;
    try {
      let token = this.#token;
      if (typeof token === "function") {
        const ask = token;
        failure = NO_TOKEN;
        // Anew for each connection, because tokens expire; in a microtask, because it is the page's
        // code.
        token = nonEmpty(await Promise.resolve().then(() => ask()), "token");
        if (placeholder !== this.socket) return;
      }
      this.#open(token, (usesHttp && this.#http?.FetchSocket) || this.#WebSocket || WebSocket);
    } catch (cause) {
      if (placeholder !== this.socket) return;
      const [code, message] = failure;
      this.#driver.failed(roomError([code, `${message}, see \`cause\``], { cause }));
    }
  }

  disconnect() {
    const socket = this.socket;
    if (!socket) return;
    this.socket = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** Disconnects, and forgets what belongs to the page. */
  release() {
    this.disconnect();
    this.#token = undefined;
  }

  /**
   * Sends a frame. Returns how many bytes wait in the page for the network.
   *
   * @param {string} frame
   */
  send(frame) {
    const socket = this.socket;
    try {
      socket?.send?.(frame);
      this.#mayHaveUnsent = true;
    } catch {
      // This throws only while the socket is being opened, and then the engine sends nothing. A
      // socket that is closing discards what it is given, silently; the engine sends it again on
      // the next one.
    }
    return socket?.bufferedAmount ?? 0;
  }

  /**
   * @param {string | null | undefined} token
   * @param {typeof WebSocket} SocketClass
   */
  #open(token, SocketClass) {
    const driver = this.#driver;
    const socket = new SocketClass(this.#address);
    socket.onopen = () => driver.handle((engine, now) => engine.opened((driver.waiting.openedAt = now), firstMessage(driver.entry, token)));
    socket.onmessage = (event) => driver.receive(event);
    const onclose = (socket.onclose = (/** @type {{ code: number }} */ { code }) => {
      if (socket !== this.socket) return;
      this.socket = undefined;
      // Deno gives 0 for a socket that never opened.
      this.#tell(code || CONNECTION_LOST);
    });
    // An error is followed by a close, except in Node 22, where a socket that can't connect stays
    // as it is. The handler is never removed, because the socket can fail after it was given up:
    // without a handler, an emitter such as Node's `ws` throws the error.
    socket.onerror = () => socket.readyState === 0 && onclose({ code: CONNECTION_LOST });
    this.socket = /** @type {Socket} */ (socket);
  }
}
