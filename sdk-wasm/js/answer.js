// The promises that a page need not await.

/** @type {any} What settles the promise that is being made. One function for all is quicker. */
let settle;
/** @type {any} */
let reject;
/**
 * @param {unknown} toSettle
 * @param {unknown} toReject
 */
const take = (toSettle, toReject) => {
  settle = toSettle;
  reject = toReject;
};

/**
 * A promise of the server's answer. If it fails and nobody awaits it, the page is told by
 * `onerror`; a promise that is rejected without that would end a Node process.
 *
 * @template T
 * @extends {Promise<T>}
 */
export class Answer extends Promise {
  /** The function key or slot that it is about. */
  key;
  /** @type {(value: T) => void} */
  settle;
  #page;
  #reject;
  #isAwaited = false;

  /** What `then` returns is an ordinary promise. */
  static get [Symbol.species]() {
    return Promise;
  }

  /**
   * @param {import("./page-code.js").PageCode} page
   * @param {string} [key]
   */
  constructor(page, key) {
    super(take);
    this.#page = page;
    this.key = key;
    this.settle = settle;
    this.#reject = reject;
  }

  /** @param {import("./errors.js").RoomError} error */
  fail(error) {
    this.#reject(error);
    // `await` calls `then` in a microtask. So the page has until the next task.
    super.then(undefined, () => setTimeout(() => this.#isAwaited || this.#page.reportDropped(error)));
    return this;
  }

  /**
   * @template U, V
   * @param {((value: T) => U | PromiseLike<U>) | null} [onFulfilled]
   * @param {((error: any) => V | PromiseLike<V>) | null} [onRejected]
   * @returns {Promise<U | V>}
   */
  then(onFulfilled, onRejected) {
    this.#isAwaited = true;
    return super.then(onFulfilled, onRejected);
  }
}
