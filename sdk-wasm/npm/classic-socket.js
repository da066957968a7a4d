// The first connection of the original's class: opened in its constructor, while the WebAssembly is still loading, and
// handed to the SDK as its websocket when that asks for one.

/** Those of a websocket's events that can come before anybody listens. */
const EARLY_EVENTS = ["open", "close"];

export class FirstSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #socket;
  #hooks;
  #inUse = false;
  #hasSent = false;
  /** Whether the server has shown that it knows session fields. */
  #knowsSessionFields = false;
  /** What has happened and nobody listened. */
  #earlyEvents = [];

  /**
   * @param {{ onsent(): void, onoriginal(socket: WebSocket, event: MessageEvent): void }} hooks called when the first
   * message is sent, and when the server turns out to know no session fields: then the connection is the hook's
   */
  constructor(address, hooks) {
    this.#hooks = hooks;
    this.#socket = new WebSocket(address);
    for (const name of EARLY_EVENTS) this.#socket[`on${name}`] = (event) => this.#passOn(name, event);
    this.#socket.onmessage = (event) => this.#receive(event);
  }

  /** This, the first time. What has happened until then is told when whoever takes it listens. */
  useOnce() {
    if (this.#inUse) return undefined;
    this.#inUse = true;
    queueMicrotask(() => this.#earlyEvents.splice(0).forEach(([name, event]) => this[`on${name}`]?.(event)));
    return this;
  }

  get bufferedAmount() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(text) {
    this.#socket?.send(text);
    if (this.#hasSent) return;
    this.#hasSent = true;
    // Not from within whoever sends.
    queueMicrotask(this.#hooks.onsent);
  }

  close() {
    this.#socket?.close();
  }

  #passOn(name, event) {
    if (this.#inUse) this[`on${name}`]?.(event);
    else this.#earlyEvents.push([name, event]);
  }

  #receive(event) {
    if (!this.#knowsSessionFields) {
      const message = firstMessage(event.data);
      if (message?.status?.value === 3 && message.v === undefined) return this.#handToOriginal(event);
      this.#knowsSessionFields = message?.v !== undefined;
    }
    this.onmessage?.(event);
  }

  #handToOriginal(event) {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#hooks.onoriginal(socket, event);
    // For whoever took it the connection is closed, with the code of what won't be mended by trying again.
    this.onclose?.({ code: 4504 });
  }
}

function firstMessage(frame) {
  try {
    return JSON.parse(frame.split("\n", 1)[0]);
  } catch {
    return undefined;
  }
}
