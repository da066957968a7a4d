// The steps that the engine wants, each as a function that performs it.

import { call } from "./errors.js";
import { paramsOf, take } from "./message.js";
import { parts } from "./parts.js";
import { refusal } from "./pending.js";

/** @typedef {import("./driver.js").Driver} Driver */
/** @typedef {import("./rtbroadcaster_sdk_bg.js").StepName} StepName */

/**
 * What each step does.
 *
 * @type {Record<StepName, (driver: Driver) => unknown>}
 */
export const steps = {
  connect: ({ connection }) => connection.connect(false),
  connectHttp: ({ connection }) => connection.connect(true),
  probe: ({ connection }) => connection.ask("probe"),
  tryWebsocket: ({ connection }) => connection.ask("tryWebsocket"),
  disconnect: ({ connection }) => connection.disconnect(),
  send: ({ connection }) => connection.send(parts.text),
  armTimer: ({ timer }) => timer.arm(parts.number),
  enter,
  refuse(driver) {
    driver.release();
    driver.entering.reject(driver.failure ?? refusal());
  },
  run({ page, waiting }) {
    const key = parts.text;
    const message = take(parts.number);
    const fn = page.functions.get(key);
    if (!fn) return;
    const run = () => page.run(fn, key, paramsOf(message));
    if (message.at) waiting.hold(message.at, run);
    else run();
  },
  tellStatus({ told, page }) {
    told.status = parts.status;
    page.callBack("onstatus", parts.status);
  },
  tellCleared: ({ page }) => page.callBack("onclear", parts.text),
  tellResync: ({ page }) => page.callBack("onresync"),
  tellRetry: ({ page }) => page.callBack("onretry", refusal()),
  tellAudience({ told, page }) {
    told.audience = parts.audience;
    page.callBack("onaudience", parts.audience);
  },
  tellOwnerAway: (driver) => driver.tellOwner("away"),
  tellOwnerHere: (driver) => driver.tellOwner("here"),
  report: ({ page }) => page.report(refusal(parts.text)),
  appended: ({ promises }) => promises.takeAnswer()?.settle(parts.seq),
  replaced: ({ promises }) => promises.takeAnswer()?.settle(),
  refused({ promises, page }) {
    const answer = promises.takeAnswer();
    answer?.fail(refusal(answer.key), page);
  },
  queueHasSpace: ({ promises }) => promises.resolveReadies(parts.number),
  end,
};

/** @param {Driver} driver */
function enter(driver) {
  driver.told = { ...parts };
  driver.waiting.enter(() => {
    driver.entering.resolve();
    // Functions that the page registers before the next task miss nothing.
    setTimeout(() => {
      driver.handle((engine) => engine.openDelivery());
      driver.talking.loadIfNeeded();
    });
  });
}

/** @param {Driver} driver */
function end(driver) {
  const { code, message } = driver.failure ?? refusal();
  const { onclose, onstatus } = driver.page.callbacks;
  driver.release();
  call(driver.onEnd, code);
  call(onclose, { code, message });
  call(onstatus, "closed");
  driver.promises.end();
}
