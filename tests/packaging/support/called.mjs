/** What every project's page shows in the end: the params that its follower was called with. */

import assert from "node:assert/strict";

export const PARAMS = '[3,"slowly"]';

export async function called(page) {
  await page.waitForFunction(() => document.title !== "");
  assert.equal(await page.title(), PARAMS);
}
