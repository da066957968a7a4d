/** A network that can fail: a TCP proxy in front of the server, one for each page in need. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** @param {number} port of the server on this machine */
export async function startProxy(port) {
  const proxy = new Proxy(port);
  await proxy.listening;
  return proxy;
}

class Proxy {
  #target;
  #listener = createServer((socket) => this.#accept(socket));
  #sockets = new Set();
  #down = false;
  #refusesWebsockets = false;
  #isSilent = false;
  /** How many websockets it has refused. */
  refused = 0;

  constructor(target) {
    this.#target = target;
    this.#listener.listen(0, "127.0.0.1");
    this.listening = once(this.#listener, "listening");
  }

  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}/`;
  }

  /** Breaks all connections and lets none through until `restore`. */
  cut() {
    this.#down = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Loses all bytes on the existing connections. Neither side notices. */
  swallow() {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.resume();
    }
  }

  /**
   * Lets requests through but no websockets, as some proxies do that inspect the traffic. With
   * `silently` it does not even answer. With `refuses: false` it lets them through again.
   */
  refuseWebsockets({ silently = false, refuses = true } = {}) {
    this.#refusesWebsockets = refuses;
    this.#isSilent = silently;
  }

  restore() {
    this.#down = false;
  }

  close() {
    this.cut();
    this.#listener.close();
  }

  #accept(socket) {
    if (this.#down) {
      socket.destroy();
      return;
    }
    if (this.#refusesWebsockets) {
      this.#inspect(socket);
    } else {
      this.#connect(socket);
    }
  }

  /** A browser opens a new connection for each websocket. Its first bytes ask for the upgrade. */
  #inspect(socket) {
    // A reset before the first byte.
    socket.on("error", () => {});
    socket.once("data", (head) => {
      if (/^upgrade: *websocket/im.test(head.toString("latin1"))) {
        this.refused += 1;
        if (this.#isSilent) return this.#sockets.add(socket);
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      socket.pause();
      socket.unshift(head);
      this.#connect(socket);
    });
  }

  #connect(socket) {
    const onward = connect(this.#target, "127.0.0.1");
    this.#join(socket, onward);
    this.#join(onward, socket);
  }

  #join(from, to) {
    this.#sockets.add(from);
    from.pipe(to);
    // A connection may end with a reset; `close` follows.
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
