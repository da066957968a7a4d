/** The browser, and the errors that every page is watched for. */

import { chromium } from "playwright-core";

import { CHROMIUM } from "./environment.mjs";

/** Root has no sandbox, /dev/shm is small in containers, and the browser must contact no one. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** Far longer than anything here takes: only what never happens reaches it. */
const PATIENCE_MS = 20_000;

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true };

/** The timers of a hidden page stop after this many seconds, for users after 60 or more. */
const GRACE_SECONDS = 3;
const STOPS_TIMERS = `--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/${GRACE_SECONDS}/grace_period_seconds_loaded/${GRACE_SECONDS}`;

/** What keeps the timers of hidden pages going. */
const NO_THROTTLING = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/**
 * With `keepsPages`, the browser keeps pages that were left, to show them again as they were. With
 * `stopsTimers`, the timers of hidden pages stop. Playwright switches both off.
 */
export const launch = ({ keepsPages = false, stopsTimers = false } = {}) =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [...ARGS, ...(stopsTimers ? [STOPS_TIMERS] : [])],
    ignoreDefaultArgs: [...(keepsPages ? ["--disable-back-forward-cache"] : []), ...(stopsTimers ? NO_THROTTLING : [])],
  });

/** A page in a context of its own. It shares nothing with other pages, as on another device. */
export async function openPage(browser, device) {
  const context = await browser.newContext({ ...device, reducedMotion: "reduce" });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.stack ?? String(error)));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    page.complaints.push(`${message.text()} (${message.location().url})`);
  });
  return page;
}
