/**
 * A page that playwright leaves alone. Playwright makes its own pages believe that they have the
 * focus, so that they never freeze, and are never hidden.
 */

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 */
export async function openBarePage(browser, url) {
  const devtools = await browser.newBrowserCDPSession();
  const { targetId } = await devtools.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
  const page = new BarePage(devtools, sessionId, targetId);
  await page.goto(url);
  return page;
}

class BarePage {
  #devtools;
  #sessionId;
  #targetId;
  #lastId = 0;
  /** Functions that wait for the answer with an id, or for an event. */
  #pending = new Map();

  constructor(devtools, sessionId, targetId) {
    this.#devtools = devtools;
    this.#sessionId = sessionId;
    this.#targetId = targetId;
    devtools.on("Target.receivedMessageFromTarget", ({ message }) => {
      const { id, method, result, error } = JSON.parse(message);
      this.#pending.get(id ?? method)?.({ result, error });
      this.#pending.delete(id ?? method);
    });
  }

  /** Opens an address, and waits until it is loaded. */
  async goto(url) {
    await this.#send("Page.enable", {});
    const loaded = new Promise((resolve) => this.#pending.set("Page.loadEventFired", resolve));
    await this.#send("Page.navigate", { url });
    await loaded;
  }

  /** Runs a function in the page, and returns what it returns or promises. */
  async evaluate(run, argument) {
    const expression = `(${run})(${JSON.stringify(argument) ?? ""})`;
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** @param {"frozen" | "active"} state */
  async setState(state) {
    await this.#send("Page.setWebLifecycleState", { state });
  }

  /** Brings the page's tab to the front. The others of its window are hidden. */
  async show() {
    await this.#devtools.send("Target.activateTarget", { targetId: this.#targetId });
  }

  async close() {
    await this.#devtools.send("Target.closeTarget", { targetId: this.#targetId });
    await this.#devtools.detach();
  }

  async #send(method, params) {
    const id = (this.#lastId += 1);
    const answered = new Promise((resolve) => this.#pending.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.#devtools.send("Target.sendMessageToTarget", { sessionId: this.#sessionId, message });
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }
}
