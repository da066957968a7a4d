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
  loading ??= instantiate(source).catch((cause) => {
    loading = undefined;
    throw roomError(["wasm_failed", `the WebAssembly could not be loaded: ${cause?.message}; \`init\` takes it from elsewhere`], { cause });
  });
  return loading;
}

/** @param {Source} [source] */
async function instantiate(source) {
  // Without a source, the wasm is the file beside the script, named in a form that bundlers
  // understand. Scripts that are no modules have no address.
  let module = await (source ?? new URL("rtbroadcaster_sdk_bg.wasm", import.meta.url));
  if (isA(module, "String", "URL", "Request")) module = await fetch(module);
  if (isA(module, "Response")) {
    if (!module.ok) throw new Error(`${module.url}: ${module.status} ${module.statusText}`);
    // Browsers compile the wasm while it loads, but only if the server names its type.
    const streams = module.headers.get("Content-Type") === "application/wasm";
    module = await (streams ? WebAssembly.compileStreaming(module) : module.arrayBuffer());
  }
  /** @type {WebAssembly.Module} */
  const compiled = isA(module, "WebAssembly.Module") ? module : await WebAssembly.compile(module);
  // The two halves of the package call each other by names that no other version has.
  const [section] = WebAssembly.Module.customSections(compiled, "rtbroadcaster");
  const version = section && new TextDecoder().decode(section);
  if (version !== VERSION) throw new Error(`this is rtbroadcaster ${VERSION}, the module is ${version ?? "no rtbroadcaster"}`);
  setWasm((await WebAssembly.instantiate(compiled, imports)).exports);
}

/**
 * Whether a value is of one of these classes, by name: some places lack a class, or have it twice.
 *
 * @param {unknown} value
 * @param {string[]} names
 */
const isA = (value, ...names) => names.includes(Object.prototype.toString.call(value).slice(8, -1));

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
  const createRoom = async (options, onend) => {
    const room = await enter(RoomEngine, url, false, undefined, options, onend);
    // The owner of a room that is taken back may have ended its recording.
    if (options?.record && !options.claim) room.record(options.record);
    return room;
  };
  const resumes = options?.resume ?? false;
  return resumes === false
    ? createRoom(options)
    : (await import("./resume.js")).resume(createRoom, url, options);
}

/**
 * @param {(options: any) => ReturnType<typeof enter>} enterRoom
 * @param {any} options
 */
async function enterWith(enterRoom, options) {
  return options?.schemas == null
    ? enterRoom(options)
    : (await import("./schemas.js")).enterChecked(enterRoom, options);
}
