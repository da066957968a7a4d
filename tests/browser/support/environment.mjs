/** The environment variables of `cargo xtask test`: the server's binary, the site, the browser. */

import { dirname, join } from "node:path";

export const SERVER = required("RTBROADCASTER_SERVER");
export const SITE = required("RTBROADCASTER_SITE");
export const CHROMIUM = required("CHROMIUM");

/** The folder for screenshots of failed tests: beside the site, in target/. */
export const FAILURES = join(dirname(SITE), "browser-failures");

function required(name) {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set; run these tests by \`cargo xtask test --only browser\``);
}
