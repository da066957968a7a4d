// What a room does about actions with a moment: it loads the clock when the first one needs it, and
// holds back what comes after an action that waits.

/** How long an action, or a page that enters, waits for the clock to be loaded. */
const LOADING_MS = 5_000;

export class Waiting {
  #driver;
  /**
   * How late the action is that runs: see index.d.ts.
   *
   * @type {number | undefined}
   */
  late;
  /**
   * The clock, once it is loaded.
   *
   * @type {import("./clock.js").Moments | undefined}
   */
  moments;
  /** When the connection was opened. */
  openedAt = 0;
  /**
   * The same, when its reply came, and what that says of the server's time.
   *
   * @type {[number, number, number] | undefined}
   */
  #firstExchange;
  /** @type {Promise<void> | undefined} */
  #loading;
  /**
   * The action that waits for its moment.
   *
   * @type {object | undefined}
   */
  #held;

  /** @param {import("./driver.js").Driver} driver */
  constructor(driver) {
    this.#driver = driver;
  }

  /** Whether an action waits. Nothing may be delivered meanwhile. */
  get holds() {
    return !!this.#held;
  }

  /** Loads the clock, unless that was done. Without it actions run when they arrive. */
  startClock() {
    return (this.#loading ??= import("./clock.js").then(
      ({ Moments }) => {
        if (this.#driver.isOver) return;
        this.moments = new Moments(this.#driver.connection);
        if (this.#firstExchange) this.moments.note(...this.#firstExchange);
      },
      () => {
        // The next one tries again.
        this.#loading = undefined;
      },
    ));
  }

  /** The same, but nobody waits for long. */
  #awaitClock() {
    return Promise.race([this.startClock(), new Promise((resolve) => setTimeout(resolve, LOADING_MS))]);
  }

  /**
   * Notes what a message says of moments and of the server's time.
   *
   * @param {import("./message.js").Message} message
   */
  note(message) {
    if (message.at || message.clock) this.startClock();
    this.moments?.heard(message);
    // The reply that the page has asked for.
    if (!message.clock || !message.time) return;
    this.#firstExchange = [this.openedAt, performance.now(), message.time];
    this.moments?.note(...this.#firstExchange);
  }

  /**
   * Lets the page enter. One that wishes for the server's clock knows it from the start.
   *
   * @param {() => void} enter
   */
  enter(enter) {
    if (this.#firstExchange && !this.moments) this.#awaitClock().then(enter);
    else enter();
  }

  /**
   * Runs an action at its moment. What comes after it waits.
   *
   * @param {number} at
   * @param {() => void} run
   */
  hold(at, run) {
    const held = (this.#held = {});
    let hasWaited = false;
    const runNow = (/** @type {number | undefined} */ late) => {
      this.late = late;
      run();
      this.late = undefined;
    };
    const release = (/** @type {number | undefined} */ late) => {
      // The page may have closed the room meanwhile.
      if (this.#held !== held) return;
      this.#held = undefined;
      if (hasWaited) this.#driver.deliver(() => runNow(late));
      else runNow(late);
    };
    const wait = () => (this.moments ? this.moments.hold(at, release) : release(undefined));
    if (this.moments) wait();
    else this.#awaitClock().then(wait);
    hasWaited = true;
  }

  /** Drops the action that waits: the page ends its session. */
  drop() {
    this.#held = undefined;
  }

  /** The room is over. */
  stop() {
    this.drop();
    this.moments?.stop();
  }
}
