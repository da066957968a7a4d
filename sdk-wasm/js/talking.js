// What a page says to its server, and hears, beside the log. It is loaded when it is needed.

import { closedError } from "./errors.js";

/** Who came and went, what is said on lanes, and who drives: all of it is in roster.js. */
export class Talking {
  /** @type {any} What roster.js has made. */
  talk;
  /** @type {object[]} What came for it before it was loaded. */
  #early = [];
  #driver;

  /** @param {import("./driver.js").Driver} driver */
  constructor(driver) {
    this.#driver = driver;
  }

  /** Who drives. */
  get driver() {
    return this.talk?.driver ?? { seat: 0, role: "creator" };
  }

  /** Loads it. */
  async load() {
    const { Talk } = await import("./roster.js");
    const driver = this.#driver;
    if (driver.isOver) throw closedError();
    return (this.talk ??= new Talk(
      driver.room,
      this.#early,
      driver.connection,
      (/** @type {string} */ text) => driver.submit(text, ""),
      driver.entry,
      () => driver.enterAnew(),
      () => driver.tellOwner(),
    ));
  }

  /**
   * Handles a message of the server, or keeps it. Returns whether it was for this alone. In
   * roster.js that has another name, because those of the classes here are shortened.
   *
   * @param {import("./message.js").Message} message
   */
  receive(message) {
    if (this.talk) return this.talk.hear(message);
    const { lane, said, driver, request, refused, revoked } = message;
    const { length } = this.#early;
    // From the first one on all of them, because what comes next may say what it means.
    if (message.funcKey || !(length || lane || said || driver || request || refused || revoked) || length > 64) return;
    this.#early.push(message);
    if (this.#driver.told.status !== "connecting") this.loadIfNeeded();
  }

  /** Loads it if something has come for it. Before the page has its room, nothing is told. */
  loadIfNeeded() {
    const { page } = this.#driver;
    if (this.#early.length) this.load().catch((error) => page.reportDropped(error));
  }
}
