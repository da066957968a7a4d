// The first connection of the original's class. It is opened in the constructor, while the
// WebAssembly is still loading. When the SDK asks for a websocket, it gets this one.

/** The events of a websocket that can come before the SDK listens. */
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
  /** The events that came before the SDK listened. */
  #earlyEvents = [];

  /**
   * @param {{ onsent(): void, onoriginal(socket: WebSocket, event: MessageEvent): void }} hooks
   * `onsent` is called when the first message is sent. `onoriginal` is called if the server knows
   * no session fields; from then on the hook owns the connection.
   */
  constructor(address, hooks) {
    this.#hooks = hooks;
    this.#socket = new WebSocket(address);
    for (const name of EARLY_EVENTS) this.#socket[`on${name}`] = (event) => this.#passOn(name, event);
    this.#socket.onmessage = (event) => this.#receive(event);
  }

  /**
   * Returns this socket the first time, and undefined after that. The events that came before are
   * passed on in a microtask, when the SDK listens.
   */
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
    // In a microtask, so that the hook does not run inside the sender's code.
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
    // For the SDK the connection is closed. This code says that there is no use in trying again.
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
