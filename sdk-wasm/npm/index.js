// The package's main module: loads the WebAssembly when it is first needed, and adds the
// options that are in JavaScript. index.d.ts documents everything.

import { roomError } from "./errors.js";
import { enter } from "./room.js";
import { __wbg_set_wasm as setWasm, imports, RoomEngine } from "./rtbroadcaster_sdk_bg.js";

/** @typedef {any} Source what `init` takes: see index.d.ts */

/** @type {Promise<void> | undefined} */
let loading;

/** @param {Source} [source] */
export function init(source) {
  // Without a source, the wasm is the file beside the script, named in a form that bundlers
  // understand. The address is made only when it is needed: a plain script has none, and always
  // gives a source.
  loading ??= instantiate(source ?? new URL("rtbroadcaster_sdk_bg.wasm", import.meta.url)).then(
    ({ exports }) => setWasm(exports),
    (cause) => {
      loading = undefined;
      throw roomError(["wasm_failed", `the WebAssembly could not be loaded: ${cause?.message}; the next call tries again`], { cause });
    },
  );
  return loading;
}

/**
 * @param {Source} source
 * @returns {Promise<WebAssembly.Instance>}
 */
async function instantiate(source) {
  let module = await source;
  if (typeof module === "string" || module instanceof URL || module instanceof Request) module = await fetch(module);
  if (module instanceof Response) {
    if (!module.ok) throw new Error(`${module.url}: ${module.status} ${module.statusText}`);
    // Browsers compile the wasm while it loads, but only if the server names its type.
    const streams = module.headers.get("Content-Type") === "application/wasm";
    module = await (streams ? WebAssembly.compileStreaming(module) : module.arrayBuffer());
  }
  const compiled = module instanceof WebAssembly.Module ? module : await WebAssembly.compile(module);
  // The two halves of the package call each other by names that no other version has.
  const [section] = WebAssembly.Module.customSections(compiled, "rtbroadcaster");
  const version = section && new TextDecoder().decode(section);
  if (version !== VERSION) throw new Error(`this is rtbroadcaster ${VERSION}, the module is ${version ?? "no rtbroadcaster"}`);
  return WebAssembly.instantiate(compiled, imports);
}

/**
 * @param {unknown} url
 * @param {any} [options]
 */
export async function create(url, options) {
  await init();
  return enterWith((options) => createOrResume(url, options), options);
}

/**
 * @param {unknown} url
 * @param {unknown} uuid
 * @param {any} [options]
 */
export async function join(url, uuid, options) {
  await init();
  return enterWith((options) => enter(RoomEngine, url, true, uuid, options), options);
}

// The options that only some pages use are loaded only by these pages.

/**
 * @param {unknown} url
 * @param {any} options
 */
async function createOrResume(url, options) {
  /** @type {(options: any, onend?: (code: string) => void) => ReturnType<typeof enter>} */
  const createRoom = (options, onend) => enter(RoomEngine, url, false, undefined, options, onend);
  const resumes = options?.resume ?? false;
  if (resumes === false) return createRoom(options);
  const { resume } = await import("./resume.js");
  return resume(createRoom, url, options);
}

/**
 * @param {(options: any) => ReturnType<typeof enter>} enterRoom
 * @param {any} options
 */
async function enterWith(enterRoom, options) {
  if (options?.schemas == null) return enterRoom(options);
  const { enterChecked } = await import("./schemas.js");
  return enterChecked(enterRoom, options);
}
