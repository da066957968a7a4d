/** The result that each project's page shows: the params of its follower's call. */

import assert from "node:assert/strict";

export const PARAMS = '[3,"slowly"]';

export async function called(page) {
  await page.waitForFunction(() => document.title !== "");
  assert.equal(await page.title(), PARAMS);
}
