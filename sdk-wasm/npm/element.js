// A room as an element:
// `<rt-room server="/broadcasting" uuid="…" functions="goTo laser"></rt-room>`

import { create, join } from "./index.js";

const EVENTS = ["status", "close", "error", "clear", "owner", "resync", "audience", "roster", "lane", "said", "counts", "recording", "retry", "request"];

/** Without elements, for instance on a server that renders pages, importing this does nothing. */
export class RoomElement extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ["server", "uuid"];

  room;
  /** The address and room that were entered, and the function that leaves the room. */
  #enteredWith;
  #leave;
  #updateIsDue = false;

  connectedCallback() {
    this.#updateSoon();
  }

  disconnectedCallback() {
    this.#updateSoon();
  }

  attributeChangedCallback() {
    this.#updateSoon();
  }

  /**
   * Enters or leaves once for all changes of a task. An element that is only moved stays in its
   * room.
   */
  #updateSoon() {
    if (this.#updateIsDue) return;
    this.#updateIsDue = true;
    queueMicrotask(() => {
      this.#updateIsDue = false;
      const wanted = this.isConnected ? JSON.stringify([this.getAttribute("server"), this.getAttribute("uuid")]) : undefined;
      if (wanted === this.#enteredWith) return;
      this.#enteredWith = wanted;
      this.#leave?.();
      this.#leave = wanted && this.#enter();
    });
  }

  /** Enters the room, and returns the function that leaves it. */
  #enter() {
    let isOver = false;
    const emit = (name, detail) => {
      if (isOver) return;
      if (name === "rt-status") this.setAttribute("status", detail);
      this.dispatchEvent(new CustomEvent(name, { detail }));
    };
    const entering = this.#open(emit);
    entering.then(
      (room) => {
        if (isOver) return;
        this.room = room;
        this.setAttribute("status", room.status);
        emit("rt-enter", room);
      },
      (error) => {
        emit("rt-status", "closed");
        emit("rt-error", error);
      },
    );
    return () => {
      isOver = true;
      this.room = undefined;
      // Nobody needs to know any more why a room was not entered.
      entering.then((room) => room.close()).catch(() => {});
    };
  }

  #open(emit) {
    emit("rt-status", "connecting");
    const keys = (this.getAttribute("functions") ?? "").split(/\s+/).filter(Boolean);
    const functions = Object.fromEntries(keys.map((key) => [key, (...params) => emit(key, params)]));
    const callbacks = Object.fromEntries(EVENTS.map((name) => [`on${name}`, (detail) => emit(`rt-${name}`, detail)]));
    const options = { ...callbacks, functions };
    const [server, uuid, resume] = ["server", "uuid", "resume"].map((name) => this.getAttribute(name));
    const [name, invite] = ["name", "invite"].map((name) => this.getAttribute(name) || undefined);
    if (uuid) return join(server, uuid, { ...options, name, invite });
    const wishes = { shareAudience: "share-audience", shareRoster: "share-roster", code: "code" };
    for (const [wish, attribute] of Object.entries(wishes)) options[wish] = this.hasAttribute(attribute);
    return create(server, { ...options, resume: resume === "" ? true : (resume ?? false) });
  }
}

// A second copy of this module leaves the first one's element in place.
if (!globalThis.customElements?.get("rt-room")) globalThis.customElements?.define("rt-room", RoomElement);
