/** The SDK alone, in the site's start page, which does not use it itself. */

/**
 * A page that has imported the package as `sdk`, and knows the server's address as `url`.
 *
 * @param {import("./scenario.mjs").Scene} scene
 */
export async function sdkPage(scene, base) {
  const page = await scene.open(base);
  return loadSdk(page);
}

/** Imports the package again into a reloaded page. */
export async function loadSdk(page) {
  await page.evaluate(async () => {
    globalThis.sdk = await import("/rtbroadcaster/index.js");
    globalThis.url = new URL("/broadcasting", location.href);
  });
  return page;
}
