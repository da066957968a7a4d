// The promises that a page need not await.

/** @type {any} What resolves the promise that is being made. One function for all is quicker. */
let resolve;
/** @param {unknown} toResolve */
const take = (toResolve) => {
  resolve = toResolve;
};

/**
 * What `extends Promise` gives to a class, without the promise that it makes of each object.
 *
 * @type {new <T>() => Promise<T>}
 */
const PromiseMethods = /** @type {any} */ (function () {});
PromiseMethods.prototype = Promise.prototype;

/**
 * A promise of the server's answer. Most pages await none of them, so a promise is made only when
 * `then` is called, which `await` does too.
 *
 * If it fails and nobody awaits it, the page is told by `onerror`; a promise that is rejected
 * without that would end a Node process.
 *
 * @template T
 * @extends {PromiseMethods<T>}
 */
export class Answer extends PromiseMethods {
  /** The function key or slot that it is about. */
  key;
  /** @type {T | undefined} */
  #value;
  #isSettled = false;
  /** @type {import("./errors.js").RoomError | undefined} */
  #error;
  /** @type {Promise<T> | undefined} The promise, once it is made. */
  #promise;
  /** @type {any} What resolves it. */
  #resolve;

  /** @param {string} [key] */
  constructor(key) {
    super();
    this.key = key;
  }

  /** @param {T} [value] */
  settle(value) {
    this.#isSettled = true;
    this.#value = value;
    this.#resolve?.(value);
  }

  /**
   * @param {import("./errors.js").RoomError} error
   * @param {import("./page-code.js").PageCode} page
   */
  fail(error, page) {
    this.#error = error;
    if (this.#resolve) this.#resolve(Promise.reject(error));
    // `await` calls `then` in a microtask. So the page has until the next task.
    else setTimeout(() => this.#resolve ?? page.reportDropped(error));
    return this;
  }

  /**
   * @template U, V
   * @param {((value: T) => U | PromiseLike<U>) | null} [onFulfilled]
   * @param {((error: any) => V | PromiseLike<V>) | null} [onRejected]
   * @returns {Promise<U | V>}
   */
  then(onFulfilled, onRejected) {
    if (!this.#promise) {
      this.#promise = new Promise(take);
      this.#resolve = resolve;
      if (this.#error) resolve(Promise.reject(this.#error));
      else if (this.#isSettled) resolve(this.#value);
    }
    return this.#promise.then(onFulfilled, onRejected);
  }
}
